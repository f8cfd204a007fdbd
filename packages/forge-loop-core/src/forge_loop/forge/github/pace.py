"""When the next request may be sent.

Owns: GitHub's limits as its answers tell them, and the second between two writes. Must not: send anything, or wait for
longer than that second; who comes too early is told until when.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime

from forge_loop.errors import UnreadableError
from forge_loop.ports import Clock

BETWEEN_WRITES = 1.0
FIRST_WAIT = 60.0
LONGEST_WAIT = 3600.0
# So much of an hour's budget is left for what live jobs need; looking for new work stops below it.
RESERVE = 0.2


class Pace:
    """Kept by the monotonic clock: what GitHub says in its own time is measured from its own `Date`."""

    def __init__(self, clock: Clock, pause: Callable[[float], None]) -> None:
        self._clock = clock
        self._pause = pause
        self._closed_until = 0.0
        self._why = ""
        self._in_a_row = 0
        self._written = float("-inf")
        self._scarce_until = 0.0
        self._graph_until = 0.0

    def check(self, *, polling: bool = False, graph: bool = False) -> None:
        """Raises UnreadableError while GitHub must not be asked. `graph`: by GraphQL, which has a budget of its own."""
        now = self._clock.monotonic()
        if now < self._closed_until:
            raise UnreadableError(f"{self._why}; GitHub is not asked before {self._moment(self._closed_until)}")
        if graph and now < self._graph_until:
            until = self._moment(self._graph_until)
            raise UnreadableError(f"GitHub's limit for GraphQL is used up; it is not asked before {until}")
        if polling and now < self._scarce_until:
            raise UnreadableError(
                "less than a fifth of GitHub's hourly limit is left, and it is kept for what is under way; "
                f"new issues are looked for again at {self._moment(self._scarce_until)}"
            )

    def before_write(self) -> None:
        wait = self._written + BETWEEN_WRITES - self._clock.monotonic()
        if wait > 0:
            self._pause(wait)

    def after_write(self) -> None:
        self._written = self._clock.monotonic()

    def heard(self, status: int, headers: Mapping[str, str], text: str) -> bool:
        """Learn from an answer; True if it is one of the limits' and nothing else."""
        self._learn_budget(headers)
        if status in (403, 429) and (wait := self._limited(status, headers, text)) is not None:
            self._in_a_row += 1
            self._close(wait)
            return True
        if status == 503 and "retry-after" in headers:
            self._why = "GitHub is not available for a while"
            self._close(_seconds(headers["retry-after"]) or FIRST_WAIT)
        elif status < 400:
            self._in_a_row = 0
        return False

    def graph_limited(self, headers: Mapping[str, str]) -> None:
        """GraphQL says so with status 200 and an error in the answer."""
        self._in_a_row += 1
        told, used_up = _seconds(headers.get("retry-after", "")), headers.get("x-ratelimit-remaining") == "0"
        wait = _until_reset(headers) if used_up else min(FIRST_WAIT * 2 ** (self._in_a_row - 1), LONGEST_WAIT)
        self._graph_until = self._clock.monotonic() + max(told if told is not None else wait, 1.0)

    def _limited(self, status: int, headers: Mapping[str, str], text: str) -> float | None:
        """How long to wait, None if this is no limit."""
        told = _seconds(headers.get("retry-after", ""))
        if headers.get("x-ratelimit-remaining") == "0":
            self._why = "GitHub's hourly limit is used up"
            return max(_until_reset(headers), told or 0.0, 1.0)
        secondary = "secondary rate limit" in text.lower() or "abuse" in text.lower()
        if status == 429 or told is not None or secondary:
            self._why = "GitHub asks for fewer requests"
            return told if told is not None else min(FIRST_WAIT * 2**self._in_a_row, LONGEST_WAIT)
        return None

    def _learn_budget(self, headers: Mapping[str, str]) -> None:
        limit, left = headers.get("x-ratelimit-limit", ""), headers.get("x-ratelimit-remaining", "")
        if not (limit.isdecimal() and left.isdecimal()) or headers.get("x-ratelimit-resource", "core") != "core":
            return
        scarce = int(left) < int(limit) * RESERVE
        self._scarce_until = self._clock.monotonic() + _until_reset(headers) if scarce else 0.0
        if left == "0":
            self._why = "GitHub's hourly limit is used up"
            self._close(max(_until_reset(headers), 1.0))

    def _close(self, seconds: float) -> None:
        self._closed_until = max(self._closed_until, self._clock.monotonic() + seconds)

    def _moment(self, monotonic: float) -> str:
        at: datetime = self._clock.now() + timedelta(seconds=max(0.0, monotonic - self._clock.monotonic()))
        return f"{at:%H:%M:%S} UTC"


def _seconds(text: str) -> float | None:
    return min(float(text), 86_400.0) if text.strip().isdecimal() else None


def _until_reset(headers: Mapping[str, str]) -> float:
    """Seconds until the budget is new, by GitHub's clock; a wait without it is the first one of a secondary limit."""
    reset = headers.get("x-ratelimit-reset", "")
    try:
        now = parsedate_to_datetime(headers.get("date", "")).timestamp()
    except ValueError:
        return FIRST_WAIT
    return min(max(0.0, float(reset) - now), LONGEST_WAIT) if reset.isdecimal() else FIRST_WAIT
