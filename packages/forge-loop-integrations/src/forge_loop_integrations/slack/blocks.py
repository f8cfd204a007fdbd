"""Messages as Block Kit, within Slack's limits.

Owns: shapes and lengths. What others wrote stands in plain_text, where nothing is markup; in mrkdwn stands only what is
ours or escaped. Must not: send.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from forge_loop_integrations import summary
from forge_loop_integrations.entry import Entry
from forge_loop_integrations.links import Links
from forge_loop_integrations.outbox import MatterRow, Message, Purpose
from forge_loop_integrations.outside_text import clean, one_line, within
from forge_loop_integrations.routing import Class, Severity

HEADER, SECTION, CONTEXT, BUTTON, FALLBACK = 150, 2500, 300, 75, 500
MOST_LINES = 40
MARKS = {Severity.INFO: "", Severity.WARNING: "⚠ ", Severity.CRITICAL: "⛔ "}
ESCAPES = {"&": "&amp;", "<": "&lt;", ">": "&gt;"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Button:
    """`id` is all that comes back; `confirm` is asked first, empty: nothing is asked."""

    id: str
    label: str
    confirm: str = ""


def escape(character: str) -> str:
    """What Slack reads as itself. A stray `<!channel>` would ring everybody's phone."""
    return ESCAPES.get(character, character)


def heading(matter: MatterRow, entry: Entry) -> str:
    """`#42 Say hello`, or whose loop."""
    if entry.issue is not None and matter.key.startswith("issue:"):
        return f"#{entry.issue} {one_line(matter.title)}".rstrip()
    return one_line(f"forge-loop {entry.repo}")


def parent(message: Message, matter: MatterRow, links: Links, buttons: Sequence[Button] = ()) -> dict[str, Any]:
    """The one message of a matter, as it stands now."""
    shown = matter.newest or message.entries[-1]
    head, said = heading(matter, shown), f"{MARKS[shown.severity]}{shown.headline}"
    blocks = [
        {"type": "header", "text": _plain(head, HEADER)},
        _section(said),
        *([_section(shown.detail)] if clean(shown.detail).strip() else []),
        _context(shown, message, links),
        *([_actions(buttons)] if buttons else []),
    ]
    return _message(f"{head}: {said}", blocks, message)


def reply(message: Message, matter: MatterRow) -> dict[str, Any]:
    """What happened, for the thread; if it is seen outside of it, with the heading."""
    lines = [_line(entry, again=message.purpose is Purpose.REPEAT) for entry in message.entries[:MOST_LINES]]
    if message.of is Class.NEEDS_HUMAN or message.purpose is Purpose.TEST:
        lines.insert(0, heading(matter, message.entries[-1]))
    body = "\n".join(lines)
    return _message(body, [_section(body), _delivery(message)], message)


def digest(message: Message) -> dict[str, Any]:
    """Many events as one message: a line each, the oldest first."""
    # What still waits for a person comes first: of a long night's events not all are shown.
    ordered = sorted(message.entries, key=lambda entry: entry.kind != summary.OPEN)
    lines, head = [_digest_line(entry) for entry in ordered], summary.heading(message.entries)
    blocks: list[dict[str, Any]] = [{"type": "header", "text": _plain(head, HEADER)}]
    for start in range(0, min(len(lines), MOST_LINES), 10):
        blocks.append(_section("\n".join(lines[start : start + 10])))
    if len(lines) > MOST_LINES:
        blocks.append(_section(f"and {len(lines) - MOST_LINES} more: forge-loop events"))
    return _message(head, [*blocks, _delivery(message)], message)


def text_only(shape: dict[str, Any]) -> dict[str, Any]:
    """The message without blocks, for when Slack does not take them."""
    return {name: value for name, value in shape.items() if name != "blocks"}


def _line(entry: Entry, *, again: bool) -> str:
    return f"{MARKS[entry.severity]}{'still ' if again else ''}{entry.headline}\n{entry.detail}".rstrip()


def _digest_line(entry: Entry) -> str:
    about = f"#{entry.issue} " if entry.issue is not None else ""
    return within(
        one_line(f"{about}{MARKS[entry.severity]}{entry.headline}"), 300 if entry.kind == summary.OPEN else 180
    )


def _message(fallback: str, blocks: list[dict[str, Any]], message: Message) -> dict[str, Any]:
    return {
        "text": within(one_line(fallback), FALLBACK, escape),
        "blocks": blocks,
        "mrkdwn": False,
        "unfurl_links": False,
        "unfurl_media": False,
        "metadata": {"event_type": "forge_loop", "event_payload": {"delivery_id": message.id}},
    }


def _plain(text: str, most: int) -> dict[str, Any]:
    return {"type": "plain_text", "text": within(text, most) or "-", "emoji": False}


def _section(text: str) -> dict[str, Any]:
    return {"type": "section", "text": _plain(clean(text).strip(), SECTION)}


def _context(shown: Entry, message: Message, links: Links) -> dict[str, Any]:
    """Ours alone: numbers, the link, the id by which a repetition is recognised."""
    address = links.issue(shown.issue)
    where = f"<{address}|#{shown.issue}>" if address else within(one_line(shown.repo), 100, escape)
    job = f"job {shown.job}" if shown.job is not None else ""
    text = " · ".join(part for part in (where, job, shown.kind, message.id) if part)
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": text, "verbatim": True}]}


def _delivery(message: Message) -> dict[str, Any]:
    return {"type": "context", "elements": [{"type": "mrkdwn", "text": message.id, "verbatim": True}]}


def _actions(buttons: Sequence[Button]) -> dict[str, Any]:
    return {"type": "actions", "elements": [_button(button) for button in buttons]}


def _button(button: Button) -> dict[str, Any]:
    shape: dict[str, Any] = {
        "type": "button",
        "action_id": button.id,
        "value": button.id,
        "text": _plain(button.label, BUTTON),
    }
    if button.confirm:
        shape["confirm"] = {
            "title": _plain(button.label, 100),
            "text": _plain(button.confirm, 300),
            "confirm": _plain("Yes", 30),
            "deny": _plain("No", 30),
        }
    return shape
