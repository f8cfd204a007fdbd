"""Where a person finds an issue or a pull request, if there is a page of it.

Owns: the addresses. Must not: take any part of one from an event's text.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop import Settings


@dataclass(frozen=True, slots=True)
class Links:
    """`base` is the repository's page; empty where the forge has none."""

    base: str = ""

    def issue(self, number: int | None) -> str | None:
        return f"{self.base}/issues/{number}" if self.base and number is not None else None


def links_of(settings: Settings) -> Links:
    if str(settings.forge) != "github":
        return Links()
    base = f"{settings.github.url.rstrip('/')}/{settings.repository}"
    return Links(base if base.startswith("https://") and not set(base) & set("<>| \n") else "")
