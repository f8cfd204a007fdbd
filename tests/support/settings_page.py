"""The table of settings in docs/configuration.md: `scripts/readme` writes it, a test compares it.

Owns: its form. Must not: hold a fact; those stand in `forge_loop.config.model`.
"""

from __future__ import annotations

from forge_loop.config.keys import Key, keys
from forge_loop.config.values import value_text
from support.readme import between
from support.tree import ROOT

PAGE = ROOT / "docs" / "configuration.md"


def table() -> str:
    return "\n".join(["| key | default | means |", "|---|---|---|", *map(_row, keys())])


def _row(key: Key) -> str:
    default = _shown(value_text(key, key.default))
    if key.on_github is not None:
        default += f"; github: {_shown(value_text(key, key.on_github))}"
    return f"| `{key.path}` | {default} | {key.help}{_choices(key)} |"


def _shown(text: str) -> str:
    return f"`{text}`" if text else "-"


def _choices(key: Key) -> str:
    """Where a setting is one of a few words, those."""
    members = getattr(key.kind, "__members__", None)
    return f" ({', '.join(f'`{member}`' for member in key.kind)})" if members else ""


def with_table(text: str) -> str:
    return between(text, "settings", table())


if __name__ == "__main__":
    PAGE.write_text(with_table(PAGE.read_text(encoding="utf-8")), encoding="utf-8")
