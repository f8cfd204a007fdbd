"""Which names of branches the loop passes to git.

Owns: the rule. Must not: make names up.
"""

from __future__ import annotations

import re

from forge_loop.errors import RefusedError

# git's own rule (git-check-ref-format), without the characters that a shell or a refspec gives a meaning to.
_BRANCH = re.compile(
    r"(?!.*(?:\.\.|//|@\{|\.lock(?:/|$)|/\.|\.$|/$))[^\x00-\x20\x7f~^:?*\[\\\-/.][^\x00-\x20\x7f~^:?*\[\\]*"
)


def branch_ref(name: str) -> str:
    """`refs/heads/NAME`. Raises RefusedError for a name that is no branch's."""
    if _BRANCH.fullmatch(name) is None:
        raise RefusedError(f"{name!r} is not the name of a branch")
    return f"refs/heads/{name}"


def forge_ref(name: str) -> str:
    """`refs/forge/NAME`: where the loop keeps what it harvested."""
    return branch_ref(name).replace("refs/heads/", "refs/forge/", 1)
