"""Messages as Discord embeds, within its limits.

Owns: shapes, lengths, escaping. Discord does not say in what it counts: UTF-16 units are the most it can be. Must not:
send.
"""

from __future__ import annotations

from typing import Any

from forge_loop_integrations import summary
from forge_loop_integrations.entry import Entry
from forge_loop_integrations.links import Links
from forge_loop_integrations.outbox import MatterRow, Message, Purpose
from forge_loop_integrations.outside_text import clean, one_line, utf16_units, within
from forge_loop_integrations.routing import Class, Severity

TITLE, DESCRIPTION, FOOTER, CONTENT = 256, 3500, 300, 1900
MOST_LINES = 40
COLOURS = {Severity.INFO: 0x2E7D32, Severity.WARNING: 0xF9A825, Severity.CRITICAL: 0xC62828}
MARKUP = frozenset("\\*_~|>#-[]()`<:")
ZERO_WIDTH = "\u200b"
NOBODY: dict[str, Any] = {"parse": []}


def escape(character: str) -> str:
    """What Discord shows as itself. A mention needs its `@` or `<` unbroken."""
    if character == "@":
        return f"@{ZERO_WIDTH}"
    return f"\\{character}" if character in MARKUP else character


def single(message: Message, matter: MatterRow, links: Links) -> dict[str, Any]:
    """The one message of a matter, as it stands now."""
    shown = matter.newest or message.entries[-1]
    embed: dict[str, Any] = {
        "title": _cut(_heading(matter, shown), TITLE),
        "description": _cut(f"{shown.headline}\n{shown.detail}".strip(), DESCRIPTION),
        "color": COLOURS[shown.severity],
        "footer": {"text": _footer(shown, message)},
    }
    address = links.issue(shown.issue)
    return _message([{**embed, "url": address} if address else embed])


def call(message: Message, matter: MatterRow) -> dict[str, Any]:
    """A line of its own, because a changed message rings nobody: a person is needed."""
    again = "still " if message.purpose is Purpose.REPEAT else ""
    urgent = [entry for entry in message.entries if entry.of is Class.NEEDS_HUMAN] or list(message.entries)
    lines = [f"{_heading(matter, entry)}: {again}{entry.headline}\n{entry.detail}".strip() for entry in urgent[-3:]]
    return {"content": _cut("\n".join(lines), CONTENT), "allowed_mentions": NOBODY}


def digest(message: Message) -> dict[str, Any]:
    """Many events as one message: a line each, the oldest first."""
    ordered = sorted(message.entries, key=lambda entry: entry.kind != summary.OPEN)
    lines = [_digest_line(entry) for entry in ordered[:MOST_LINES]]
    left = len(message.entries) - len(lines)
    if left:
        lines.append(f"and {left} more: forge-loop events")
    worst = max((entry.severity for entry in message.entries), default=Severity.INFO)
    embed = {
        "title": _cut(summary.heading(message.entries), TITLE),
        "description": _cut("\n".join(lines), DESCRIPTION),
        "color": COLOURS[worst],
        "footer": {"text": message.id},
    }
    return _message([embed])


def _heading(matter: MatterRow, entry: Entry) -> str:
    if entry.issue is not None and matter.key.startswith("issue:"):
        return f"#{entry.issue} {one_line(matter.title)}".rstrip()
    return one_line(f"forge-loop {entry.repo}")


def _digest_line(entry: Entry) -> str:
    about = f"#{entry.issue} " if entry.issue is not None else ""
    return one_line(f"{about}{entry.headline}")[: 300 if entry.kind == summary.OPEN else 80]


def _footer(shown: Entry, message: Message) -> str:
    """A footer knows no markup; it is cut all the same."""
    parts = (one_line(shown.repo), f"job {shown.job}" if shown.job is not None else "", shown.kind, message.id)
    return within(" · ".join(part for part in parts if part), FOOTER, measure=utf16_units)


def _cut(text: str, most: int) -> str:
    return within(clean(text).strip(), most, escape, measure=utf16_units) or "-"


def _message(embeds: list[dict[str, Any]]) -> dict[str, Any]:
    return {"embeds": embeds, "allowed_mentions": NOBODY}
