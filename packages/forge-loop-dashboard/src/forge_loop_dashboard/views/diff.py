"""Diff: what a candidate changes, line by line, with the critic's findings on their lines.

Owns: turning a unified diff into rows, and placing findings. Must not: highlight or interpret what is changed.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

from unidiff.errors import UnidiffParseError
from unidiff.patch import PatchedFile, PatchSet

from forge_loop import ForgeLoopError
from forge_loop.extension import FindingRow, Job
from forge_loop.status.candidate import candidate_diff
from forge_loop.status.verdicts import verdicts
from forge_loop_dashboard.look import Facts, Look, View

MOST_LINES = 3000


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A line: what it does (`add`, `del`, `same`, `hunk`, `note`), its numbers before and after, its text."""

    does: str
    before: int | None = None
    after: int | None = None
    text: str
    findings: tuple[FindingRow, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Changed:
    """A file. `findings` are those that name it and no line that is shown."""

    path: str
    what: str
    added: int
    removed: int
    rows: list[Row] = field(default_factory=list)
    findings: tuple[FindingRow, ...] = ()


def facts(look: Look) -> Facts:
    number = look.path["number"]
    desk = look.desk
    findings: list[FindingRow] = []
    job: Job | None = None
    with desk.store() as store:
        if store is not None:
            job = store.jobs.newest_by_number(number)
            findings = [each for found in (verdicts(store, job) if job else []) for each in found.findings]
    if job is None:
        return {"number": number, "job": None, "problem": "it has no job yet", **_empty()}
    try:
        key = ("diff", job.base_sha, job.head_sha)
        text = desk.remembered(key, 60.0, lambda: candidate_diff(desk.project.layout, job))
        files, left_out = changed(text, findings)
    except (ForgeLoopError, UnidiffParseError) as error:
        return {"number": number, "job": job, "problem": str(error), **_empty()}
    named = {file.path for file in files}
    elsewhere = [each for each in findings if each.file is None or each.file not in named]
    return {
        "number": number,
        "job": job,
        "problem": None,
        "files": files,
        "left_out": left_out,
        "elsewhere": elsewhere,
    }


def _empty() -> Facts:
    return {"files": [], "left_out": 0, "elsewhere": []}


def changed(text: str, findings: list[FindingRow]) -> tuple[list[Changed], int]:
    """The files of a diff, and how many lines were left out because nobody reads so many."""
    by_file: dict[str, list[FindingRow]] = defaultdict(list)
    for finding in findings:
        if finding.file is not None:
            by_file[finding.file].append(finding)
    files: list[Changed] = []
    room = MOST_LINES
    left_out = 0
    for patched in PatchSet(text):
        found = _changed(patched, by_file[patched.path])
        left_out += max(0, len(found.rows) - room)
        del found.rows[max(room, 0) :]
        room -= len(found.rows)
        files.append(found)
    return files, left_out


def _changed(patched: PatchedFile, findings: list[FindingRow]) -> Changed:
    rows: list[Row] = []
    placed: set[int] = set()
    for hunk in patched:
        rows.append(
            Row(does="hunk", text=f"@@ -{hunk.source_start} +{hunk.target_start} @@ {hunk.section_header}".strip())
        )
        for line in hunk:
            here = tuple(each for each in findings if each.line is not None and each.line == line.target_line_no)
            placed |= {each.id for each in here}
            does = "add" if line.is_added else "del" if line.is_removed else "same" if line.is_context else "note"
            text = line.value.rstrip("\n")
            rows.append(Row(does=does, before=line.source_line_no, after=line.target_line_no, text=text, findings=here))
    what = "added" if patched.is_added_file else "removed" if patched.is_removed_file else "changed"
    if patched.is_rename:
        what = f"renamed from {patched.source_file.removeprefix('a/')}"
    if patched.is_binary_file:
        rows.append(Row(does="note", text="a binary file"))
    return Changed(
        path=patched.path,
        what=what,
        added=patched.added,
        removed=patched.removed,
        rows=rows,
        findings=tuple(each for each in findings if each.id not in placed),
    )


VIEW = View(name="diff", path="/issues/{number:int}/diff", title="Diff of #{number}", facts=facts)
