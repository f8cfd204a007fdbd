"""A pull request's text, from typed fields: what was done, what was asked for, what shows that it works.

Owns: its shape and its bounds. Must not: gather a fact.

It never says that it closes the issue: the loop closes what it merged, and nobody else's text closes anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace

from forge_loop.domain.outward import LONGEST, cut, harmless, one_line

LONGEST_SUMMARY = 4_000
LONGEST_LINE = 300
MOST_CRITERIA = 30
MOST_ATTEMPTS = 5
UNDER_WAY = "under way"  # the outcome of an attempt that has none yet

_HEADING = re.compile(r"^#{1,6}[ \t]+(.*?)[ \t#]*$")
_ITEM = re.compile(r"^\s*(?:[-*+]|\d+[.)])\s+(?:\[[ xX]\]\s+)?(\S.*)$")
_SHORT = 12


@dataclass(frozen=True, kw_only=True, slots=True)
class CheckLine:
    """One check that ran on the merge result, or at the code host (`seconds` is None)."""

    name: str
    passed: bool
    seconds: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class AttemptLine:
    number: int
    outcome: str
    rounds: int
    note: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class PullRequestText:
    """`summary` is the worker's own word. `approved` says whether all that must approve `head_sha` did, `reviewers` who
    of them did; `base_sha` is what the checks merged it with. `withheld` is why a person must merge it."""

    issue: int
    head_sha: str
    base_sha: str | None
    summary: str
    criteria: tuple[str, ...]
    approved: bool
    reviewers: tuple[str, ...]
    checks: tuple[CheckLine, ...]
    attempts: tuple[AttemptLine, ...]
    withheld: tuple[str, ...] = ()


def acceptance_criteria(spec: str) -> tuple[str, ...]:
    """The list items under the heading of that name, as far as the text has one."""
    found: list[str] = []
    inside = False
    for line in spec.splitlines():
        heading, item = _HEADING.match(line), _ITEM.match(line)
        if heading is not None:
            inside = heading[1].strip().lower() == "acceptance criteria"
        elif inside and item is not None:
            found.append(item[1].strip())
    return tuple(found)


def text(facts: PullRequestText) -> str:
    """Markdown of at most LONGEST characters: first what a person must do, last how it came about."""
    parts = [
        f"For issue #{facts.issue}. Written by Claude Code and opened by forge-loop, with nobody watching.",
        *_withheld(facts),
        *_summary(facts),
        *_criteria(facts),
        *_verified(facts),
        *_attempts(facts),
    ]
    return cut("\n\n".join(parts), LONGEST) + "\n"


def _withheld(facts: PullRequestText) -> list[str]:
    lines = [f"- {one_line(why, LONGEST_LINE)}" for why in facts.withheld[:MOST_CRITERIA]]
    return ["**A person must merge this:**\n\n" + "\n".join(lines)] if lines else []


def _summary(facts: PullRequestText) -> list[str]:
    """As a quotation: whatever headings or lists it holds are the worker's and not this text's."""
    said = facts.summary.strip()
    quoted = "\n".join(f"> {line}".rstrip() for line in harmless(cut(said, LONGEST_SUMMARY)).splitlines())
    return ["### What the worker says, unverified", quoted] if said else []


def _criteria(facts: PullRequestText) -> list[str]:
    """Ticked once this very commit was approved: nobody else's word counts."""
    if not facts.criteria:
        return []
    mark = "x" if facts.approved else " "
    lines = [f"- [{mark}] {one_line(line, LONGEST_LINE)}" for line in facts.criteria[:MOST_CRITERIA]]
    if len(facts.criteria) > MOST_CRITERIA:
        lines.append(f"- and {len(facts.criteria) - MOST_CRITERIA} more in the issue")
    names = " and the ".join(facts.reviewers)
    said = [f"Ticked on the word of the {names}, for this commit."] if facts.approved and names else []
    return ["### Acceptance criteria", "\n".join(lines), *said]


def _verified(facts: PullRequestText) -> list[str]:
    """What holds for this commit and what shows it, and just as plainly what nothing shows."""
    lines = [f"- {_code(check.name)}: {_outcome(check)}" for check in facts.checks]
    if facts.approved:
        lines += [f"- {name}: approved (a model that did not write it)" for name in facts.reviewers]
    merged = f", merged with base `{facts.base_sha[:_SHORT]}`" if facts.base_sha and facts.checks else ""
    shown = [f"Commit `{facts.head_sha[:_SHORT]}`{merged}:", "\n".join(lines)] if lines else []
    missing = "; ".join(_unverified(facts))
    return ["### Evidence", *shown, *([f"**Not verified:** {missing}."] if missing else [])]


def _unverified(facts: PullRequestText) -> list[str]:
    said = [] if facts.checks else ["no checks are configured, so nothing was run"]
    if not facts.approved:
        return [*said, "no reviewer has approved this commit yet"]
    return [*said, *([] if facts.criteria else ["the issue names no acceptance criteria to hold it to"])]


def _outcome(check: CheckLine) -> str:
    said = "passed" if check.passed else "failed"
    return said if check.seconds is None else f"{said} in {check.seconds:.1f} s"


def _attempts(facts: PullRequestText) -> list[str]:
    """Left out where it went straight."""
    if len(facts.attempts) < 2 and not any(attempt.rounds for attempt in facts.attempts):
        return []
    told = [replace(each, outcome="this one") if each.outcome == UNDER_WAY else each for each in facts.attempts]
    lines = [attempt_line(attempt) for attempt in told[-MOST_ATTEMPTS:]]
    return ["### Attempts", "\n".join(lines)]


def attempt_line(attempt: AttemptLine) -> str:
    rounds = f", {attempt.rounds} {'round' if attempt.rounds == 1 else 'rounds'} of revision" if attempt.rounds else ""
    note = f": {one_line(attempt.note, LONGEST_LINE)}" if attempt.note else ""
    return f"- attempt {attempt.number}: {attempt.outcome}{rounds}{note}"


def _code(name: str) -> str:
    """On one line, as code that nothing in it can end."""
    return "`" + " ".join(name.split()).replace("`", "'")[:LONGEST_LINE] + "`"
