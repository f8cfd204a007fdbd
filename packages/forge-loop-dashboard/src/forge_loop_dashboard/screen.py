"""A screen as HTML: the whole page, or the parts of it that change.

Owns: putting views, their templates and the frame around them together. Must not: know what a view shows.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from datetime import timedelta
from urllib.parse import urlencode

from markupsafe import Markup

from forge_loop import ForgeLoopError
from forge_loop.status import Status, read
from forge_loop.status.requests import Progress, asked
from forge_loop_dashboard.assets import Assets
from forge_loop_dashboard.desk import Desk, Place
from forge_loop_dashboard.look import Look, View
from forge_loop_dashboard.rendering import Renderer, when
from forge_loop_dashboard.views import MENU

ASKED_LATELY = timedelta(minutes=10)


@dataclass(frozen=True, kw_only=True, slots=True)
class Caller:
    """Whoever asked for a page: the nonce of this answer, and what its forms must carry."""

    nonce: str
    form_token: str
    read_only: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Parts:
    """What changes on a page, the same for everybody who looks at it; `controls` stands for what can be asked now."""

    live: Markup
    loop: Markup
    asked: Markup
    fresh: Markup
    controls: str
    heading: str

    @property
    def digest(self) -> str:
        whole = "\0".join((self.live, self.loop, self.asked, self.controls))
        return hashlib.sha256(whole.encode()).hexdigest()[:16]


class Screens:
    def __init__(self, desk: Desk, assets: Assets, *, read_only: bool) -> None:
        self.desk = desk
        self.read_only = read_only
        self._assets = assets
        self._renderer = Renderer()

    def parts(self, view: View, look: Look) -> Parts:
        """Raises what the view raises, NoSuchIssueError for instance."""
        caller = Caller(nonce="", form_token="", read_only=self.read_only)
        facts = view.facts(look)
        found = self._status()
        return Parts(
            live=self._renderer.render(f"{view.name}.html", facts),
            loop=self.render("loop.html", status=found),
            asked=self._asked(running=found.loop.state != "stopped"),
            fresh=_fresh(found),
            controls=self.controls(view, look, caller),
            heading=str(facts.get("heading", "")),
        )

    def troubled(self, parts: Parts, error: ForgeLoopError) -> Parts:
        """What was shown last, with the reason why it cannot be read anew where the loop's state stood."""
        return replace(parts, loop=self.trouble(error))

    def trouble(self, error: ForgeLoopError) -> Markup:
        """Why the state cannot be read, for where the loop's state stands."""
        return self.render("refused.html", says=error.message, hint=error.hint)

    def controls(self, view: View, look: Look, caller: Caller) -> Markup:
        """What can be asked for on this screen, with the nonce and the token of whoever looks."""
        if view.controls is None:
            return Markup("")
        given = {"nonce": caller.nonce, "form_token": caller.form_token, "read_only": caller.read_only}
        return self._renderer.render(f"{view.name}.controls.html", {**view.controls(look), **given})

    def page(self, view: View, look: Look, caller: Caller) -> Markup:
        """The whole page."""
        parts = self.parts(view, look)
        path = view.path
        for name, value in look.path.items():
            path = path.replace("{" + name + ":int}", str(value))
        address = path + ("?" + urlencode(look.query) if look.query else "")
        facts = {
            "view": view,
            "title": view.title.format(**look.path),
            "heading": parts.heading,
            "menu": [each for each in MENU if each.name != "fleet" or self._has_fleet()],
            "places": [(place, self._same(place, view)) for place in self.desk.places],
            "project": self.desk.project.directory,
            "address": address,
            "assets": self._assets.version,
            "q": look.query.get("q", ""),
            "nonce": caller.nonce,
            "form_token": caller.form_token,
            "read_only": caller.read_only,
            "live": parts.live,
            "loop": parts.loop,
            "asked": parts.asked,
            "controls": self.controls(view, look, caller),
            "seen": parts.digest,
            "fresh": parts.fresh,
        }
        return self._renderer.render("page.html", facts)

    def _has_fleet(self) -> bool:
        try:
            return self.desk.fleet() is not None
        except ForgeLoopError:
            return True  # the screen says what is wrong with it

    def _same(self, place: Place, view: View) -> str:
        """The same screen of another repository, where it would show something of its own."""
        return place.url + (view.path if view.key else "/")

    def fresh(self) -> Markup:
        """How old what is shown may be: the loop's last tick."""
        return _fresh(self._status())

    def render(self, template: str, **facts: object) -> Markup:
        return self._renderer.render(template, facts)

    def _status(self) -> Status:
        return read(self.desk.project.layout.root, now=self.desk.now())

    def _asked(self, *, running: bool) -> Markup:
        """What was asked within the last minutes, or is still open."""
        now = self.desk.now()
        with self.desk.store() as store:
            rows = asked(store, limit=8) if store is not None else []
        over = (Progress.DONE, Progress.REFUSED)
        lately = [each for each in rows if now - each.at < ASKED_LATELY or each.progress not in over]
        return self.render("asked.html", rows=lately, running=running)


def _fresh(found: Status) -> Markup:
    return Markup("last tick {}").format(when(found.loop.last_tick))
