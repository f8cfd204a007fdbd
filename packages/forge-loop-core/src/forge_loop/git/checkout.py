"""What the loop asks of the operator's checkout.

Owns: naming the branch that is checked out. Must not: change anything there.
"""

from __future__ import annotations

from pathlib import Path

from forge_loop.errors import GitError, OperatorError
from forge_loop.git.command import Git


def current_branch(checkout: Path) -> str:
    """The branch that is checked out. Raises OperatorError on a detached HEAD."""
    place = checkout / ".git"
    try:
        return Git(place if place.exists() else checkout).text("symbolic-ref", "--short", "HEAD").strip()
    except GitError:
        raise OperatorError(
            f"no branch is checked out in {str(checkout)!r}", hint="set base: in forge-loop.yaml"
        ) from None
