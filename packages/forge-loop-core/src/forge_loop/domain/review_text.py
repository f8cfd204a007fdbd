"""What the critic's review says on a pull request: a heading, and each finding on its line.

Owns: those words. Must not: decide which findings are told.
"""

from __future__ import annotations

from collections.abc import Sequence

from forge_loop.domain.outward import LONGEST, cut, harmless
from forge_loop.domain.review import Category, Overall
from forge_loop.domain.severity import Severity

LONGEST_FINDING = 2_000
_FOLLOWS = {
    Overall.APPROVE: "Nothing of it blocks the merge.",
    Overall.REQUEST_CHANGES: "It goes back to the worker.",
    Overall.BLOCK: "A person must decide.",
}
_SAYS = {
    Overall.APPROVE: "approves",
    Overall.REQUEST_CHANGES: "asks for changes to",
    Overall.BLOCK: "blocks",
}


def heading(reviewer: str, overall: Overall, sha: str, *, new: int, standing: int, loose: Sequence[str]) -> str:
    """`reviewer` is the node's name, `loose` are the findings that belong to no file."""
    counted = f"{new} new {'finding' if new == 1 else 'findings'}"
    still = f", {standing} of earlier rounds still {'stands' if standing == 1 else 'stand'}" if standing else ""
    first = f"The {reviewer} {_SAYS[overall]} `{sha[:12]}`: {counted}{still}. {_FOLLOWS[overall]}"
    return cut("\n\n".join([first, *(f"- {line}" for line in loose)]), LONGEST)


def finding(severity: Severity, category: Category, message: str) -> str:
    return f"**{severity}** {category}: {harmless(cut(message.strip(), LONGEST_FINDING))}"
