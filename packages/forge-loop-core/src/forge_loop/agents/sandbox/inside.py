"""What one session or one command gets of the sandbox.

Owns: which directories each may write, the executable that stands for Claude Code, and the session's directory outside
with the model's socket. Must not: put a secret into any of them.
"""

from __future__ import annotations

import shlex
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from forge_loop.agents.sandbox.bubblewrap import SOCKETS, Bubblewrap
from forge_loop.agents.sandbox.upstream import PROXY_VARIABLES, Upstream
from forge_loop.domain.session import SessionOrder

SOCKET_NAME = "api.sock"
_PREFIX = "session-"
# The address is never dialled: Claude Code sends every request over the socket, as plain HTTP because of the scheme.
SESSION_VARIABLES: Mapping[str, str] = {
    "ANTHROPIC_BASE_URL": "http://127.0.0.1",
    "ANTHROPIC_UNIX_SOCKET": str(SOCKETS / SOCKET_NAME),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class ConfinedSession:
    """What the host of a confined session needs: `cli` starts Claude Code inside, `socket` is where the host listens
    for it. Both lie in a directory that goes with the session."""

    cli: Path
    socket: Path
    upstream: Upstream

    def remove(self) -> None:
        shutil.rmtree(self.cli.parent, ignore_errors=True)


@dataclass(frozen=True, kw_only=True, slots=True)
class Sandbox:
    """The sandbox of one loop. `cli` is the real Claude Code, `scratch` a directory that nothing inside can see."""

    bubblewrap: Bubblewrap
    cli: Path
    scratch: Path

    def session(self, order: SessionOrder, upstream: Upstream) -> ConfinedSession:
        """Make the directory of one session. Raises OSError."""
        self.scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
        place = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=self.scratch))
        sockets = place / "api"
        sockets.mkdir()
        private = (order.config_dir, order.home, order.tmp)
        argv = self.claude(
            directory=order.workspace,
            writable=(*private, order.workspace) if order.writes else private,
            readable=() if order.writes else (order.workspace,),
            sockets=sockets,
        )
        script = place / "claude"
        script.write_bytes(b'#!/bin/sh\nexec %s "$@"\n' % shlex.join(argv).encode(errors="surrogateescape"))
        script.chmod(0o700)
        return ConfinedSession(cli=script, socket=sockets / SOCKET_NAME, upstream=upstream)

    def claude(
        self, *, directory: Path, writable: Sequence[Path], sockets: Path, readable: Sequence[Path] = ()
    ) -> list[str]:
        """Claude Code inside, with the model's socket and without a network."""
        return self.bubblewrap.wrap(
            [str(self.cli)],
            directory=directory,
            writable=writable,
            readable=(*readable, self.cli.parent),
            sockets=sockets,
        )

    def command(self, argv: Sequence[str], *, directory: Path, private: Path) -> list[str]:
        """One of the operator's commands inside: its directory and its private one, and no way out."""
        return self.bubblewrap.wrap(argv, directory=directory, writable=(directory, private))

    def sweep(self) -> None:
        """Remove what the sessions of an earlier loop left in `scratch`."""
        with suppress(OSError):
            for place in self.scratch.glob(f"{_PREFIX}*"):
                shutil.rmtree(place, ignore_errors=True)


def offline(environ: Mapping[str, str]) -> dict[str, str]:
    """An environment without the network's proxies: inside they lead nowhere, and their addresses hold passwords."""
    return {name: value for name, value in environ.items() if name not in PROXY_VARIABLES}
