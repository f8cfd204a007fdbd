"""The critic's report: its schema, its strict validation, and what it permits.

Owns: categories, findings, verdicts, the JSON schema that is sent and the parser that believes nothing.
Must not: grant a merge; a verdict can only withhold one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, TypeVar

from forge_loop.domain.severity import Severity


class Overall(StrEnum):
    APPROVE = "approve"
    REQUEST_CHANGES = "request_changes"
    BLOCK = "block"


class Category(StrEnum):
    CORRECTNESS = "correctness"
    SECURITY = "security"
    TESTS = "tests"
    STYLE = "style"
    DOCS = "docs"
    PRODUCT = "product"


@dataclass(frozen=True, kw_only=True, slots=True)
class Finding:
    severity: Severity
    category: Category
    message: str
    file: str | None = None
    line: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdict:
    """A validated report. `reviewed` lists what the critic says it read."""

    overall: Overall
    findings: tuple[Finding, ...]
    reviewed: tuple[str, ...]

    def blocking(self, block_on: Severity) -> tuple[Finding, ...]:
        """The findings at `block_on` or worse: they go back to the worker."""
        return tuple(finding for finding in self.findings if finding.severity <= block_on)

    def approves(self, block_on: Severity) -> bool:
        """True only for an approving verdict without a blocking finding; sev1 always blocks."""
        return self.overall is Overall.APPROVE and not self.blocking(block_on)


@dataclass(frozen=True, kw_only=True, slots=True)
class Binding:
    """What a verdict was given for: this commit, under this brief, on this approved text. It holds for nothing else."""

    head_sha: str
    brief_sha256: str
    snapshot_sha256: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reviewed:
    """A commit that a critic has judged, and in which attempt."""

    attempt: int
    head_sha: str


def delta_from(earlier: Iterable[Reviewed], *, attempt: int, head_sha: str) -> str | None:
    """The commit since which a later round is shown what changed: the last one reviewed in this attempt.

    `earlier` is oldest first. None in a first review, and where the work was begun anew since.
    """
    before = [each.head_sha for each in earlier if each.attempt == attempt and each.head_sha != head_sha]
    return before[-1] if before else None


MOST_FINDINGS = 100  # more is no review: the worker's next brief carries them all
LONGEST_MESSAGE = 4_000  # characters of one finding
LAST_LINE = 2**31 - 1  # a number beyond it names no line, and beyond 64 bits no database keeps it

_Choice = TypeVar("_Choice", bound=StrEnum)


LARGE_CHANGE = 100


def is_suspicious(verdict: Verdict, lines_changed: int) -> bool:
    """An approval without a finding of more than LARGE_CHANGE lines that names nothing it reviewed."""
    large = verdict.overall is Overall.APPROVE and not verdict.findings and lines_changed > LARGE_CHANGE
    return large and not any(entry.strip() for entry in verdict.reviewed)


class MalformedReport(ValueError):
    """A report that is not exactly what was asked for. The message names the first place that is wrong."""


REPORT_SCHEMA: Mapping[str, Any] = {
    "type": "object",
    "additionalProperties": False,
    "required": ["overall", "findings", "reviewed"],
    "properties": {
        "overall": {"enum": [member.value for member in Overall]},
        "findings": {
            "type": "array",
            "maxItems": MOST_FINDINGS,
            "items": {
                "type": "object",
                "additionalProperties": False,
                "required": ["severity", "category", "file", "line", "message"],
                "properties": {
                    "severity": {"enum": [member.value for member in Severity]},
                    "category": {"enum": [member.value for member in Category]},
                    "file": {"type": ["string", "null"]},
                    "line": {"type": ["integer", "null"], "minimum": 1, "maximum": LAST_LINE},
                    "message": {"type": "string", "pattern": r"\S", "maxLength": LONGEST_MESSAGE},
                },
            },
        },
        "reviewed": {"type": "array", "items": {"type": "string"}},
    },
}


def parse_verdict(report: object) -> Verdict:
    """Turn the critic's report into a verdict, or raise MalformedReport. Nothing is guessed or repaired."""
    fields = _exact_object(report, "report", ("overall", "findings", "reviewed"))
    findings = fields["findings"]
    reviewed = fields["reviewed"]
    if not isinstance(findings, list):
        raise MalformedReport(f"findings is not a list: {findings!r}")
    if len(findings) > MOST_FINDINGS:
        raise MalformedReport(f"findings are {len(findings)}, more than {MOST_FINDINGS}")
    if not isinstance(reviewed, list) or not all(isinstance(entry, str) for entry in reviewed):
        raise MalformedReport(f"reviewed is not a list of strings: {reviewed!r}")
    return Verdict(
        overall=_member(Overall, fields["overall"], "overall"),
        findings=tuple(_finding(entry, f"findings[{index}]") for index, entry in enumerate(findings)),
        reviewed=tuple(reviewed),
    )


def _finding(entry: object, place: str) -> Finding:
    fields = _exact_object(entry, place, ("severity", "category", "file", "line", "message"))
    file, line, message = fields["file"], fields["line"], fields["message"]
    if file is not None and not isinstance(file, str):
        raise MalformedReport(f"{place}.file is neither a string nor null: {file!r}")
    if line is not None and (not isinstance(line, int) or isinstance(line, bool) or not 1 <= line <= LAST_LINE):
        raise MalformedReport(f"{place}.line is neither a line number nor null: {line!r}")
    if not isinstance(message, str) or not message.strip():
        raise MalformedReport(f"{place}.message is empty or not a string: {message!r}")
    if len(message) > LONGEST_MESSAGE:
        raise MalformedReport(f"{place}.message has {len(message)} characters, more than {LONGEST_MESSAGE}")
    return Finding(
        severity=_member(Severity, fields["severity"], f"{place}.severity"),
        category=_member(Category, fields["category"], f"{place}.category"),
        file=file,
        line=line,
        message=message,
    )


def _exact_object(value: object, place: str, names: tuple[str, ...]) -> Mapping[str, Any]:
    if not isinstance(value, Mapping):
        raise MalformedReport(f"{place} is not an object: {value!r}")
    missing = [name for name in names if name not in value]
    unknown = [name for name in value if name not in names]
    if missing or unknown:
        raise MalformedReport(f"{place}: missing {missing!r}, unknown {unknown!r}")
    return value


def _member(kind: type[_Choice], value: object, place: str) -> _Choice:
    for member in kind:
        if value == member.value:
            return member
    raise MalformedReport(f"{place}: unknown value {value!r}, expected one of {[str(member) for member in kind]!r}")
