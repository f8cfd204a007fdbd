"""What somebody looks at: a screen, with what its address says.

Owns: that shape. Must not: know a screen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from forge_loop_dashboard.desk import Desk

Facts = dict[str, object]


@dataclass(frozen=True, kw_only=True, slots=True)
class Look:
    """One look at a screen. `path` holds the parts of the address that vary, `query` what stands after its `?`."""

    desk: Desk
    path: Mapping[str, Any] = field(default_factory=dict)
    query: Mapping[str, str] = field(default_factory=dict)

    def number(self, name: str, default: int | None = None) -> int | None:
        """A whole number of the query; what is none counts as not given."""
        given = self.query.get(name, "")
        return int(given) if given.isascii() and given.isdigit() and len(given) < 16 else default


@dataclass(frozen=True, kw_only=True, slots=True)
class View:
    """A screen. `facts` are what its template `NAME.html` shows, `controls` what `NAME.controls.html` offers.

    The first is sent over the stream whenever it changes, so it holds text and links only; the second is asked for by
    the page. `key` is the letter that goes there after `g`.
    """

    name: str
    path: str
    title: str
    facts: Callable[[Look], Facts]
    controls: Callable[[Look], Facts] | None = None
    key: str = ""
    follows: Callable[[Look], object] = lambda _look: None
    """What changes without the database changing, such as the length of a file."""
