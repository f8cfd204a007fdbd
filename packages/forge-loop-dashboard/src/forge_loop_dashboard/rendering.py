"""Templates, and how values of the loop look in HTML.

Owns: the template environment and its filters. Must not: mark text from outside as safe; the one filter that makes HTML
of it (Markdown) renders no raw HTML and is cleaned afterwards.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from json import dumps

import nh3
from jinja2 import Environment, PackageLoader, StrictUndefined
from markdown_it import MarkdownIt
from markupsafe import Markup, escape

from forge_loop import Recorded
from forge_loop.extension import JobState, visible

TAGS = {
    *("p", "br", "hr", "em", "strong", "s", "code", "pre", "blockquote", "ul", "ol", "li", "a"),
    *("h1", "h2", "h3", "h4", "h5", "h6", "table", "thead", "tbody", "tr", "th", "td"),
}
# What a state is shown as beside its name: colour alone tells nothing to many.
GROUPS: Mapping[str, tuple[str, tuple[JobState, ...]]] = {
    "waits": ("○", (JobState.QUEUED, JobState.COOLING, JobState.PARKED)),
    "works": (
        "▶",
        (
            *(JobState.EXPANDING, JobState.WORKING, JobState.REVISING, JobState.CHECKING),
            *(JobState.PUBLISHING, JobState.REVIEWING, JobState.MERGING),
        ),
    ),
    "done": ("✔", (JobState.MERGED,)),
    "needs-you": ("▲", (JobState.HANDED_OVER, JobState.GIVEN_UP)),
    "aside": ("■", (JobState.YIELDED, JobState.CANCELLED)),
}
_GROUP_OF = {str(state): (group, sign) for group, (sign, states) in GROUPS.items() for state in states}
_OTHERS = {
    **dict.fromkeys(("running", "accepted", "leased", "open"), ("works", "▶")),
    **dict.fromkeys(("paused", "parked", "requested", "delayed", "ready", "warn", "sev3"), ("waits", "○")),
    **dict.fromkeys(("halted", "refused", "dead", "fail", "sev1", "sev2", "request_changes"), ("needs-you", "▲")),
    **dict.fromkeys(("block", "failed", "blocked", "waiting"), ("needs-you", "▲")),
    "pending": ("waits", "○"),
    **dict.fromkeys(("ok", "done", "applied", "approve", "closed", "passed"), ("done", "✔")),
}


_HASH = re.compile("[0-9a-f]{40}|[0-9a-f]{64}")
LONGEST_VALUE = 160


class Renderer:
    def __init__(self) -> None:
        self._environment = Environment(
            loader=PackageLoader("forge_loop_dashboard"),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,
        )
        self._environment.filters.update(
            when=when,
            due=due,
            clock=clock,
            span=span,
            chip=chip,
            shown=shown,
            markdown=markdown,
            words=words,
            short=short,
            data=data,
        )

    def render(self, template: str, facts: Mapping[str, object]) -> Markup:
        """A template of the package with these facts. What comes out is HTML."""
        return Markup(self._environment.get_template(template).render(facts))


def when(at: datetime | None, missing: str = "never") -> Markup:
    """A moment: absolute as it is sent, relative once the page's script has seen it, absolute again on hover."""
    if at is None:
        return escape(missing)
    utc = at.astimezone(UTC)
    text = utc.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" title="{}">{}</time>').format(utc.isoformat(), text, text)


def clock(at: str) -> Markup:
    """The time of day of a moment as a transcript writes it; in the reader's own zone once the page's script saw it."""
    try:
        utc = datetime.fromisoformat(at).astimezone(UTC)
    except ValueError:
        return escape(at[:40])
    text = utc.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" title="{}" data-clock>{}</time>').format(utc.isoformat(), text, text[11:19])


def due(at: datetime) -> Markup:
    """A moment to come; once it has come, that it is due."""
    utc = at.astimezone(UTC)
    text = utc.strftime("%Y-%m-%d %H:%M:%S UTC")
    return Markup('<time datetime="{}" title="{}" data-due>{}</time>').format(utc.isoformat(), text, text)


def span(seconds: float | None) -> str:
    """A duration in its two largest units; what is not known says so."""
    if seconds is None:
        return "unknown"
    whole = max(0, int(seconds))
    for unit, length, smaller, size in (("d", 86400, "h", 3600), ("h", 3600, "m", 60), ("m", 60, "s", 1)):
        if whole >= length:
            rest = whole % length // size
            return f"{whole // length}{unit} {rest}{smaller}" if rest else f"{whole // length}{unit}"
    return f"{whole}s"


def chip(state: object) -> Markup:
    """A state with its sign and its colour."""
    name = str(state)
    group, sign = _GROUP_OF.get(name) or _OTHERS.get(name) or ("aside", "■")
    return Markup('<span class="chip {}"><span aria-hidden="true">{}</span> {}</span>').format(group, sign, words(name))


@lru_cache(maxsize=4096)
def shown(text: str) -> str:
    """Text from outside with what a reader would not see as markers."""
    return visible(text)[0]


def words(name: object) -> str:
    """A name of the code as words."""
    return str(name).replace("_", " ")


def data(event: Recorded) -> Markup:
    """What an event says, for one line: an advance as an arrow, long hashes short, nothing that is empty."""
    given = dict(event.data)
    said: list[Markup] = []
    if "before" in given and "after" in given:
        before, after = words(given.pop("before")), words(given.pop("after"))
        said.append(Markup("<b>{} → {}</b>").format(before, after))
    for name, value in given.items():
        if value is None or value == "" or value == []:
            continue
        text = value if isinstance(value, str) else dumps(value, ensure_ascii=False)
        if _HASH.fullmatch(text):
            said.append(Markup('<span>{} <span title="{}">{}</span></span>').format(words(name), text, text[:12]))
        else:
            cut = text if len(text) <= LONGEST_VALUE else text[:LONGEST_VALUE] + "…"
            said.append(Markup("<span>{} <i>{}</i></span>").format(words(name), shown(cut)))
    return Markup(" ").join(said)


def short(sha: str | None) -> str:
    return sha[:12] if sha else "none"


@lru_cache(maxsize=256)
def markdown(text: str) -> Markup:
    """Markdown from outside, hidden text as markers, without raw HTML, images or links that do anything."""
    html = MarkdownIt("commonmark", {"html": False}).enable("table").disable("image").render(visible(text)[0])
    clean = nh3.clean(html, tags=TAGS, attributes={"a": {"href"}}, url_schemes={"http", "https"}, link_rel="noreferrer")
    return Markup(clean)
