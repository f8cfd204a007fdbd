"""What came of one attempt, in figures that can be laid side by side.

Owns: those figures, read from the rows of a state database, the loop's own or a trial's. Must not: weigh them.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from statistics import median

from forge_loop.extension import Attempt, Role, Store

_FILE = re.compile(r"^diff --git a/(.*) b/(.*)$", re.MULTILINE)


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """`outcome` is the job's state or the attempt's outcome. Seconds are wall clock: of the attempt, and of its
    sessions by role. `files` and the lines are of the candidate, None where there is none or it is no longer kept.
    `checks` are those on the last candidate, `findings` count by severity those of the last verdict's review."""

    outcome: str
    reason: str
    seconds: float
    sessions: Mapping[str, int]
    session_seconds: Mapping[str, float]
    turns: int
    tokens_in: int
    tokens_out: int
    rounds: int
    checks: Mapping[str, bool]
    verdict: str | None
    findings: Mapping[str, int]
    files: tuple[str, ...] | None
    added: int | None
    removed: int | None


def measure(store: Store, attempt: Attempt, *, reason: str, diff: str | None) -> Measured:
    """An attempt that is over; `diff` is what its candidate changes."""
    rows = store.sessions.select("attempt = ?", attempt.id)
    seconds: dict[str, float] = {}
    for row in rows:
        if row.ended_at is not None:
            took = (row.ended_at - row.started_at).total_seconds()
            seconds[str(row.role)] = round(seconds.get(str(row.role), 0.0) + took, 3)
    review = store.reviews.last("attempt = ?", attempt.id)
    findings = store.findings.select("review = ?", review.id) if review is not None else []
    checks = store.checks.select("attempt = ?", attempt.id)
    last = [row for row in checks if (row.head_sha, row.base_sha) == (checks[-1].head_sha, checks[-1].base_sha)]
    ended = attempt.ended_at or attempt.started_at
    return Measured(
        outcome=attempt.outcome or "not finished",
        reason=reason,
        seconds=round((ended - attempt.started_at).total_seconds(), 3),
        sessions=dict(Counter(str(row.role) for row in rows)),
        session_seconds=seconds,
        turns=sum(row.turns for row in rows),
        tokens_in=sum(row.tokens_in for row in rows),
        tokens_out=sum(row.tokens_out for row in rows),
        rounds=attempt.rounds,
        checks={row.command: row.passed for row in last},
        verdict=str(review.overall) if review is not None else None,
        findings=dict(Counter(str(finding.severity) for finding in findings)),
        files=changed_files(diff) if diff is not None else None,
        added=_lines(diff, "+") if diff is not None else None,
        removed=_lines(diff, "-") if diff is not None else None,
    )


def changed_files(diff: str) -> tuple[str, ...]:
    """The paths that a unified diff of git's names, as they are afterwards."""
    return tuple(sorted({found[1] for found in _FILE.findall(diff)}))


def _lines(diff: str, sign: str) -> int:
    return sum(line.startswith(sign) and not line.startswith(sign * 3) for line in diff.splitlines())


@dataclass(frozen=True, kw_only=True, slots=True)
class Spread:
    """Least, middle and most of a figure over several runs."""

    least: float
    middle: float
    most: float


def spread(values: Sequence[float]) -> Spread:
    """The spread of at least one value."""
    return Spread(least=min(values), middle=median(values), most=max(values))


def spreads(runs: Sequence[Measured], role: Role) -> dict[str, object]:
    """What several runs have in common: how often each outcome and verdict, and how far the figures lie apart."""
    changed = [run.added + run.removed for run in runs if run.added is not None and run.removed is not None]
    return {
        "outcomes": dict(Counter(run.outcome for run in runs)),
        "verdicts": dict(Counter(run.verdict for run in runs if run.verdict is not None)),
        "seconds": spread([run.seconds for run in runs]),
        "session_seconds": spread([run.session_seconds.get(str(role), 0.0) for run in runs]),
        "tokens_out": spread([run.tokens_out for run in runs]),
        "lines_changed": spread(changed) if changed else None,
    }
