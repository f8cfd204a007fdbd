"""Health: what doctor finds, looked at again while somebody looks, and what the loop keeps on disk.

Owns: running the checks aside, one after another. Must not: mend anything, or keep a page waiting.
"""

from __future__ import annotations

import platform
import shutil
import threading
import time

from forge_loop import __version__
from forge_loop.extension import CHECKS, Situation, look_at
from forge_loop_dashboard.desk import Desk
from forge_loop_dashboard.look import Facts, Look, View

FRESH_SECONDS = 60.0


class Checkup:
    """What doctor found last. The first look starts a new round when the last one is old."""

    def __init__(self, desk: Desk) -> None:
        self._desk = desk
        self._lock = threading.Lock()
        self._found: dict[str, object] = {}
        self._at: float | None = None
        self._running = False

    def look(self) -> tuple[dict[str, object], bool]:
        """What is known of each check, and whether a round is under way."""
        with self._lock:
            stale = self._at is None or time.monotonic() - self._at > FRESH_SECONDS
            if stale and not self._running:
                self._running = True
                threading.Thread(target=self._round, name="checkup", daemon=True).start()
            return dict(self._found), self._running

    def seen(self) -> object:
        """Something that changes with what is known."""
        with self._lock:
            return (len(self._found), self._running, self._at)

    def _round(self) -> None:
        situation = Situation(self._desk.given)
        for name in CHECKS:
            found = look_at(name, situation)
            with self._lock:
                self._found[name] = found
        with self._lock:
            self._running = False
            self._at = time.monotonic()


def _checkup(desk: Desk) -> Checkup:
    return desk.kept("checkup", lambda: Checkup(desk))


def facts(look: Look) -> Facts:
    desk = look.desk
    found, running = _checkup(desk).look()
    layout = desk.project.layout
    with desk.store() as store:
        open_effects = store.effects.select("state IN ('intended', 'acting')") if store is not None else []
        newest = store.events.newest() if store is not None else 0
    return {
        "checks": [(name, found.get(name)) for name in CHECKS],
        "running": running,
        "version": __version__,
        "python": platform.python_version(),
        "disk": shutil.disk_usage(layout.root).free,
        "database": layout.database.stat().st_size if layout.database.exists() else 0,
        "events": newest,
        "effects": open_effects,
    }


def follows(look: Look) -> object:
    return _checkup(look.desk).seen()


VIEW = View(name="health", path="/health", title="Health", facts=facts, key="h", follows=follows)
