"""Permissions that a session was denied, and when that is enough.

Owns: how many denials a worker may collect and the sentence that names them. Must not: know a permission rule.
"""

from __future__ import annotations

from collections.abc import Sequence

TOO_OFTEN = 5


def denied_too_often(denials: Sequence[str]) -> str | None:
    """Why a worker that was denied these calls (`Bash(git push)`) must not go on; None while it may."""
    if len(denials) < TOO_OFTEN:
        return None
    return f"it was denied permission {len(denials)} times: {', '.join(dict.fromkeys(denials))}"
