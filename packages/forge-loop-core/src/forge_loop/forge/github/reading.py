"""Reading GitHub's JSON: what does not look as described is unknown.

Owns: that rule, and times. Must not: guess a value.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from forge_loop.errors import UnreadableError


@contextmanager
def understood(what: str) -> Iterator[None]:
    """A field that is missing or of another kind makes the whole unreadable."""
    try:
        yield
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise UnreadableError(f"GitHub shows {what} in an unknown form: {error!r}") from None


def moment(text: str) -> datetime:
    """A time as GitHub writes it, in UTC. Raises ValueError."""
    return datetime.fromisoformat(text.replace("Z", "+00:00")).astimezone(UTC)
