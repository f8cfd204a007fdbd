"""A pull request's text, from typed fields: what was done, what was asked for, what shows that it works.

Owns: its shape and its bounds. Must not: gather a fact.

It never says that it closes the issue: the loop closes what it merged, and nobody else's text closes anything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from forge_loop.domain.outward import LONGEST, cut, harmless, one_line

LONGEST_SUMMARY = 4_000
LONGEST_LINE = 300
MOST_CRITERIA = 30
MOST_ATTEMPTS = 5

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
    """`summary` is the worker's own word. `approved` says whether the critic approved `head_sha`."""

    issue: int
    head_sha: str
    summary: str
    criteria: tuple[str, ...]
    approved: bool
    checks: tuple[CheckLine, ...]
    attempts: tuple[AttemptLine, ...]


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
    """Markdown of at most LONGEST characters."""
    parts = [f"For issue #{facts.issue}.", *_summary(facts), *_criteria(facts), *_checks(facts), *_attempts(facts)]
    return cut("\n\n".join(parts), LONGEST) + "\n"


def _summary(facts: PullRequestText) -> list[str]:
    said = facts.summary.strip()
    return ["### What the worker says", harmless(cut(said, LONGEST_SUMMARY))] if said else []


def _criteria(facts: PullRequestText) -> list[str]:
    """Ticked once the critic approved this very commit: nobody else's word counts."""
    if not facts.criteria:
        return []
    mark = "x" if facts.approved else " "
    lines = [f"- [{mark}] {one_line(line, LONGEST_LINE)}" for line in facts.criteria[:MOST_CRITERIA]]
    if len(facts.criteria) > MOST_CRITERIA:
        lines.append(f"- and {len(facts.criteria) - MOST_CRITERIA} more in the issue")
    commit = facts.head_sha[:_SHORT]
    evidence = f"The critic approved `{commit}`." if facts.approved else f"The critic has not approved `{commit}`."
    return ["### Acceptance criteria", "\n".join(lines), evidence]


def _checks(facts: PullRequestText) -> list[str]:
    lines = [f"- {_code(check.name)}: {_outcome(check)}" for check in facts.checks]
    return ["### Checks on the merge result", "\n".join(lines)] if lines else ["No checks are configured."]


def _outcome(check: CheckLine) -> str:
    said = "passed" if check.passed else "failed"
    return said if check.seconds is None else f"{said} in {check.seconds:.1f} s"


def _attempts(facts: PullRequestText) -> list[str]:
    lines = [attempt_line(attempt) for attempt in facts.attempts[-MOST_ATTEMPTS:]]
    return ["### Attempts", "\n".join(lines)] if lines else []


def attempt_line(attempt: AttemptLine) -> str:
    rounds = f", {attempt.rounds} {'round' if attempt.rounds == 1 else 'rounds'} of revision" if attempt.rounds else ""
    note = f": {one_line(attempt.note, LONGEST_LINE)}" if attempt.note else ""
    return f"- attempt {attempt.number}: {attempt.outcome}{rounds}{note}"


def _code(name: str) -> str:
    """On one line, as code that nothing in it can end."""
    return "`" + " ".join(name.split()).replace("`", "'")[:LONGEST_LINE] + "`"
