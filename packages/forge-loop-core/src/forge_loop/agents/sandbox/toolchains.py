"""Which directories outside the system's a session needs to run tools: those that the operator's PATH names.

Owns: finding them, and what must never be among them. Must not: guess from a tool's name; what is missing here is a
line of `sandbox.read_only`.

A directory of PATH is visible, and its parent too where that is an installation (`lib`, `libexec` or `pyvenv.cfg`
beside `bin`) and holds nothing private. So `~/.pyenv/shims` shows `~/.pyenv`, while `~/.local/bin` and `~/.cargo/bin`
show themselves alone: `~/.local` holds the state directory, `~/.cargo` a token.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path

from forge_loop.agents.sandbox.bubblewrap import SYSTEM

_INSTALLED = ("lib", "lib64", "libexec")
_PRIVATE = (".config", ".local/share", ".local/state", ".cache", ".ssh", ".gnupg", ".claude")


def private_places(environ: Mapping[str, str], *own: Path) -> tuple[Path, ...]:
    """What no automatic directory may be or hold: the operator's home with its private parts, and `own`."""
    home = environ.get("HOME", "")
    below = [Path(home), *(Path(home) / name for name in _PRIVATE)] if home.startswith("/") else []
    return tuple({place for path in (*below, *own) for place in (path, path.resolve())})


def toolchains(path: str, *, interpreters: Iterable[Path], private: Sequence[Path]) -> tuple[Path, ...]:
    """Directories to show read-only, for a PATH and the prefixes of Python installations."""
    wanted = [*_named_by(path), *(found for prefix in interpreters for found in _python(prefix))]
    fitting = {place for place in wanted if _fits(place, private)}
    return tuple(sorted(place for place in fitting if not any(other in place.parents for other in fitting)))


def holds(place: Path, private: Iterable[Path]) -> bool:
    """Whether showing `place` would show one of the private places."""
    return any(hidden.is_relative_to(shown) for shown in (place, place.resolve()) for hidden in private)


def _named_by(path: str) -> Iterator[Path]:
    for entry in path.split(":"):
        place = Path(entry)
        if place.is_absolute() and ".." not in place.parts:
            yield place
            if any((place.parent / name).is_dir() for name in _INSTALLED):
                yield place.parent
            if (place.parent / "pyvenv.cfg").is_file():
                yield from _python(place.parent)


def _python(prefix: Path) -> Iterator[Path]:
    """A Python installation and, for a virtual environment, the one it was made from."""
    yield prefix
    program = prefix / "bin" / "python"
    if program.is_symlink():
        yield program.resolve().parent.parent


def _fits(place: Path, private: Sequence[Path]) -> bool:
    of_the_system = any(place.is_relative_to(root) for root in SYSTEM)
    return place.is_dir() and not of_the_system and not holds(place, private)
