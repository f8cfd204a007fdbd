"""The ids of traces and spans, worked out from ids that stand in the events.

Owns: that derivation. Must not: draw a random number: the same job has the same trace in every process, after every
restart, and a span that is sent twice is the same span.
"""

from __future__ import annotations

import hashlib


def trace_id(loop: str, job: int | None, number: int = 0) -> int:
    """The trace of a job of the loop with this id; a session that is of no job, by its number, has its own."""
    whose = f"job/{job}" if job is not None else f"session/{number}"
    return _digest(f"{loop}/{whose}", 16)


def span_id(trace: int, *what: object) -> int:
    """A span within a trace, by what it is of."""
    return _digest("/".join([f"{trace:032x}", *map(str, what)]), 8)


def job_span(trace: int) -> int:
    return span_id(trace, "job")


def session_span(trace: int, number: int) -> int:
    return span_id(trace, "session", number)


def traceparent(trace: int, span: int) -> str:
    """The W3C header, sampled."""
    return f"00-{trace:032x}-{span:016x}-01"


def _digest(text: str, size: int) -> int:
    """`size` bytes that are not all zero, which would be no id."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:size], "big") or 1
