"""The argument list of bubblewrap: namespaces of its own, the system read-only, and nothing else but what is named.

Owns: the order of the mounts, which decides what is seen. Must not: decide what may be seen, or run anything.

The root is a read-only empty filesystem: a directory that is not named here does not exist inside, and a write beside
the writable directories fails. Source: bwrap(1), and measured with bubblewrap 0.8.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_loop.agents.sandbox.secrets import still_there

SOCKETS = Path("/run/forge-loop")  # where a session finds the directory of the model's socket
SYSTEM = tuple(Path(name) for name in ("/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32", "/etc"))

_NAMESPACES = (
    "--die-with-parent",
    "--new-session",
    "--unshare-user-try",
    "--unshare-pid",
    "--unshare-ipc",
    "--unshare-uts",
    "--unshare-cgroup-try",
    "--unshare-net",
    # As root bubblewrap keeps every capability, and with them the masks could be unmounted.
    "--cap-drop",
    "ALL",
)
_EMPTY = ("--dev", "/dev", "--proc", "/proc", "--tmpfs", "/tmp", "--tmpfs", "/run", "--tmpfs", "/var")


@dataclass(frozen=True, kw_only=True, slots=True)
class Bubblewrap:
    """`read_only` are directories visible to everything, `masked` paths below the system's that are hidden."""

    program: Path
    read_only: tuple[Path, ...] = ()
    masked: tuple[Path, ...] = ()

    def wrap(
        self,
        argv: Sequence[str],
        *,
        directory: Path,
        writable: Iterable[Path] = (),
        readable: Iterable[Path] = (),
        sockets: Path | None = None,
    ) -> list[str]:
        """`argv` inside the sandbox, started in `directory`. Every path named must exist."""
        return [
            str(self.program),
            *_NAMESPACES,
            *_system(),
            *_masks(self.masked),
            *_EMPTY,
            *_binds("--ro-bind", [*self.read_only, *readable]),
            *_binds("--bind", writable),
            *(("--ro-bind", str(sockets), str(SOCKETS)) if sockets is not None else ()),
            "--remount-ro",
            "/",
            "--chdir",
            str(directory),
            "--",
            *argv,
        ]


def _system() -> list[str]:
    words: list[str] = []
    for path in SYSTEM:
        if path.is_symlink():
            words += ["--symlink", str(path.readlink()), str(path)]
        elif path.is_dir():
            words += ["--ro-bind", str(path), str(path)]
    return words


def _masks(paths: Iterable[Path]) -> list[str]:
    words: list[str] = []
    for path in still_there(paths):
        words += ["--tmpfs", str(path)] if path.is_dir() else ["--ro-bind", "/dev/null", str(path)]
    return words


def _binds(option: str, paths: Iterable[Path]) -> list[str]:
    # A parent first: a mount over it would hide what was mounted below.
    return [word for path in sorted(set(paths)) for word in (option, str(path), str(path))]
