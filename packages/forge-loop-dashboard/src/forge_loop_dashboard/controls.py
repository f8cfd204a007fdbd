"""What the page can ask for: each a request that the loop answers, written through one door.

Owns: reading a form, and which requests there are. Must not: apply one, or write anything but requests and the
operator's own approval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

from forge_loop import ForgeLoopError, OperatorError
from forge_loop.extension import RequestRow, duration, rfc3339
from forge_loop_dashboard.desk import Desk

OF_ISSUES = frozenset({"retry", "kill", "skip"})
OF_LOOP = frozenset({"resume", "maintenance.run"})
OF_NODES = frozenset({"pipeline.approve", "pipeline.refuse"})
KINDS = OF_ISSUES | OF_LOOP | OF_NODES | {"pause", "stop", "approve", "requeue", "maintenance.apply"}
MOST_CHOSEN = 200
LONGEST_REASON = 200
LONGEST_NODE = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class Wish:
    """What was asked for, as it was given: every field is text, or a list of texts, or nothing."""

    kind: str
    issues: Sequence[str] = ()
    entries: Sequence[str] = ()
    proposals: Sequence[str] = ()
    reason: str = ""
    duration: str = ""
    now: bool = False
    sha256: str = ""
    accept_hidden: bool = False
    node: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Put:
    """One request that was written, or why it was not. `running`: a loop will answer it."""

    kind: str
    issue: int | None
    number: int | None
    running: bool
    problem: str = ""
    hint: str = ""


def ask(desk: Desk, wish: Wish, *, by: str) -> list[Put]:
    """Write the requests of a wish, one for each issue or entry. Raises OperatorError for one that makes no sense."""
    if wish.kind not in KINDS:
        raise OperatorError(
            f"{wish.kind!r} is nothing that can be asked for", hint=f"one of {', '.join(sorted(KINDS))}"
        )
    if wish.kind in OF_ISSUES:
        return [_put(desk, wish, by, issue=number) for number in _numbers(wish.issues, "an issue")]
    if wish.kind in OF_NODES:
        said: dict[str, object] = {
            "node": wish.node[:LONGEST_NODE] or None,
            "reason": wish.reason[:LONGEST_REASON].strip(),
        }
        return [_put(desk, wish, by, issue=number, detail=said) for number in _numbers(wish.issues, "an issue")]
    if wish.kind == "approve":
        return [_approve(desk, wish, number, by) for number in _numbers(wish.issues, "an issue")]
    if wish.kind == "requeue":
        return [_put(desk, wish, by, detail={"entry": number}) for number in _numbers(wish.entries, "an entry")]
    if wish.kind == "maintenance.apply":
        return [_put(desk, wish, by, detail={"proposals": _numbers(wish.proposals, "a proposal")})]
    return [_put(desk, wish, by, detail=_detail(desk, wish))]


def _detail(desk: Desk, wish: Wish) -> dict[str, object]:
    if wish.kind == "pause":
        return {"reason": wish.reason[:LONGEST_REASON].strip(), "until": _until(desk, wish.duration.strip())}
    return {"now": wish.now} if wish.kind == "stop" else {}


def _until(desk: Desk, given: str) -> str | None:
    if not given:
        return None
    try:
        seconds = duration(given)
        if seconds <= 0:
            raise ValueError(f"{given!r} is no time at all")
        return rfc3339(desk.now() + timedelta(seconds=seconds))
    except (ValueError, OverflowError) as error:
        raise OperatorError(str(error), hint="30m, 2h") from None


def _put(desk: Desk, wish: Wish, by: str, *, issue: int | None = None, detail: dict[str, object] | None = None) -> Put:
    if wish.kind == "stop" and not desk.runs():
        # A stop kept for later would end the next loop as it starts.
        return Put(kind="stop", issue=None, number=None, running=False, problem="no loop is running: nothing to stop")
    row, running = desk.ask(wish.kind, issue=issue, detail=detail, by=by)
    return _told(row, running)


def _approve(desk: Desk, wish: Wish, number: int, by: str) -> Put:
    try:
        row, running = desk.approve(number, seen=wish.sha256, accept_hidden=wish.accept_hidden, by=by)
    except ForgeLoopError as error:
        return Put(kind="approve", issue=number, number=None, running=False, problem=error.message, hint=error.hint)
    return _told(row, running)


def _told(row: RequestRow, running: bool) -> Put:
    return Put(kind=row.kind, issue=row.issue, number=row.id, running=running)


def _numbers(given: Sequence[str], what: str) -> list[int]:
    """The chosen numbers, each once. Raises OperatorError for none, for too many and for what is no number."""
    if not given:
        raise OperatorError(f"choose {what} first")
    if len(given) > MOST_CHOSEN:
        raise OperatorError(f"{len(given)} at once are too many", hint=f"at most {MOST_CHOSEN}")
    bad = [text for text in given if not (text.isascii() and text.isdigit() and 0 < int(text) < 2**31)]
    if bad:
        raise OperatorError(f"{bad[0][:40]!r} is not the number of {what}")
    return list(dict.fromkeys(int(text) for text in given))
