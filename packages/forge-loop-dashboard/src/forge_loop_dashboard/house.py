"""All pages of one process: the project's own, and those of its neighbours in the fleet.

Owns: their sockets, keys and applications, and serving them together. Must not: choose which there are.
"""

from __future__ import annotations

import socket
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Self

from forge_loop import OperatorError
from forge_loop_dashboard.access.keys import FILE_NAME, Keys, OneTimeLink, open_keys
from forge_loop_dashboard.access.rules import Policy
from forge_loop_dashboard.app import application
from forge_loop_dashboard.desk import Desk, Place
from forge_loop_dashboard.neighbours import ByPort
from forge_loop_dashboard.pulse import Pulse
from forge_loop_dashboard.serving import Server, listen


@dataclass(frozen=True, kw_only=True, slots=True)
class OpenPage:
    """One page, at its socket."""

    name: str
    desk: Desk
    keys: Keys
    url: str
    token_file: Path
    socket: socket.socket


class House:
    """`link` logs one browser in to all of them."""

    def __init__(self, policy: Policy, address: str, link: OneTimeLink, *, read_only: bool) -> None:
        self.link = link
        self.pages: list[OpenPage] = []
        self._policy = policy
        self._address = address
        self._read_only = read_only
        self._sockets = ExitStack()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, at: TracebackType | None) -> None:
        self._sockets.close()

    def open(self, name: str, desk: Desk, port: int) -> OpenPage:
        """Listen for one more page: the first at `port`, the others at the ports after it, or any that is free.

        Raises OperatorError where the first cannot be had, UnsupportedPlaceError for a token that others can read.
        """
        sock = self._sockets.enter_context(self._listen(port))
        shown = f"[{self._address}]" if ":" in self._address else self._address
        root = desk.project.layout.root
        page = OpenPage(
            name=name,
            desk=desk,
            keys=open_keys(root),
            url=f"http://{shown}:{sock.getsockname()[1]}",
            token_file=root / FILE_NAME,
            socket=sock,
        )
        self.pages.append(page)
        return page

    def _listen(self, port: int) -> socket.socket:
        wanted = port + len(self.pages) if port else 0
        try:
            return listen(self._address, wanted if wanted < 2**16 else 0)
        except OperatorError:
            if not self.pages:
                raise
            return listen(self._address, 0)

    def serve(self) -> None:
        """Until a signal ends it."""
        places = tuple(
            Place(name=page.name, directory=page.desk.project.directory, url=page.url) for page in self.pages
        )
        pulses = [Pulse(page.desk.project.layout.database) for page in self.pages]
        apps = {}
        for page, pulse in zip(self.pages, pulses, strict=True):
            page.desk.places = places if len(places) > 1 else ()
            apps[page.socket.getsockname()[1]] = application(
                page.desk,
                keys=page.keys,
                all_keys=[each.keys for each in self.pages],
                link=self.link,
                policy=self._policy,
                pulse=pulse,
                token_file=page.token_file,
                read_only=self._read_only,
            )
        Server(ByPort(apps), pulses).run(sockets=[page.socket for page in self.pages])
