"""Traces as trees, for tests that compare their shape.

Owns: putting spans below their parents. Must not: accept a span whose parent is not there.
"""

from __future__ import annotations

from collections.abc import Iterable


def tree(spans: Iterable[tuple[object, object, object, str]]) -> list[str]:
    """The names as lines, indented below their parents, by start. Each span is (id, parent or None, start, name)."""
    known = list(spans)
    ids = {span for span, *_ in known}
    assert len(ids) == len(known), "one span twice"
    lost = [name for _, parent, _, name in known if parent and parent not in ids]
    assert lost == [], f"without their parent: {lost}"
    return list(_below(known, None))


def _below(spans: list[tuple[object, object, object, str]], parent: object) -> Iterable[str]:
    children = [each for each in spans if (each[1] or None) == parent]
    for span, _, _, name in sorted(children, key=lambda each: str(each[2])):
        yield name
        yield from (f"  {line}" for line in _below(spans, span))
