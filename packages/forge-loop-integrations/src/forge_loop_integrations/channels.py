"""What a sender needs of a receiver, and what can come of one attempt.

Owns: the protocol Channel, its four answers. Must not: name a receiver.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

from forge_loop_integrations.outbox.rows import MatterRow, Message


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivered:
    """The receiver has it."""

    status: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Retry:
    """Perhaps later: `after` is what the receiver asked for, in seconds."""

    reason: str
    status: int | None = None
    after: float | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Refused:
    """This message will never be taken; another may be."""

    reason: str
    status: int | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Gone:
    """The receiver wants nothing any more, or not from us: an operator must act."""

    reason: str
    status: int | None = None


Answer = Delivered | Retry | Refused | Gone


class Channel(Protocol):
    """One receiver. Used by one thread at a time; `deliver` may block, and not much longer than `TIMEOUT`."""

    def deliver(self, message: Message, matter: MatterRow, keep: Callable[[str], None]) -> Answer:
        """Try once. `keep` is called with what the receiver calls the message of this matter, as soon as that is known:
        what is kept survives whatever happens afterwards."""

    def close(self) -> None: ...
