"""What a text must be beyond being one: a model's name, an environment variable's.

Owns: those rules, each a sentence that says what was expected. Must not: look at anything but the text.
"""

from __future__ import annotations

import re

from forge_loop.domain.models import FAMILIES, is_model

_VARIABLE = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")


def model(text: str) -> None:
    if not is_model(text):
        families = ", ".join(f"claude-{family}-..." for family in FAMILIES)
        raise ValueError(f"there is no model {text!r}; a name is like {families}, or just {', '.join(FAMILIES)}")


def variable(text: str) -> None:
    if not _VARIABLE.fullmatch(text):
        raise ValueError(f"expected the name of an environment variable, got {text!r}")


def unasked(text: str) -> None:
    from forge_loop.domain.proposals import Unasked  # only where something is set: every command reads the settings

    names = [str(act) for act in Unasked]
    if text not in names:
        raise ValueError(f"expected one of {', '.join(names)}, got {text!r}")
