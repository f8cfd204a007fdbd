"""One template: text with `{{ name }}` in it, from a closed set of names.

Owns: the syntax and the single pass. Must not: look inside a value; what is put in is never read again.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from forge_loop.errors import BriefError

_PLACEHOLDER = re.compile(r"(?<!\{)\{\{ (?P<name>[a-z][a-z0-9_]*) \}\}(?!\})")
_BRACES = re.compile(r"\{\{|\}\}")


@dataclass(frozen=True, kw_only=True, slots=True)
class Template:
    """`origin` is what the text is called in problems; `names` are the placeholders it may use."""

    text: str
    origin: str
    names: frozenset[str]

    def problems(self) -> tuple[str, ...]:
        """Every placeholder that is malformed or unknown, each `origin:line: what`."""
        return tuple(self._problems())

    def render(self, values: Mapping[str, str]) -> str:
        """The text with every placeholder replaced. `values` holds exactly the closed set. Raises BriefError."""
        problems = self.problems()
        if problems:
            raise BriefError("\n".join(problems))
        missing, unknown = sorted(self.names - values.keys()), sorted(values.keys() - self.names)
        if missing or unknown:
            raise BriefError(f"{self.origin}: values missing: {missing!r}, unknown: {unknown!r}")
        return _PLACEHOLDER.sub(lambda match: values[match["name"]], self.text)

    def _problems(self) -> Iterator[str]:
        for number, line in enumerate(self.text.split("\n"), start=1):
            for match in _PLACEHOLDER.finditer(line):
                if match["name"] not in self.names:
                    yield (
                        f"{self.origin}:{number}: unknown name {match['name']!r}; "
                        f"this brief knows {', '.join(sorted(self.names))}"
                    )
            for match in _BRACES.finditer(_PLACEHOLDER.sub(" ", line)):
                yield f"{self.origin}:{number}: {match[0]!r} is not part of a placeholder like '{{{{ issue_number }}}}'"
