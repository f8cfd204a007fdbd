"""Whether sessions and commands run in a sandbox, decided once at the start.

Owns: the three modes, the sentence for the banner and doctor. Must not: start where the mode is `require` and the
sandbox does not hold, or keep quiet where it does not.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from forge_loop.agents.cli import require_supported
from forge_loop.agents.credentials import TOKEN, Credential
from forge_loop.agents.sandbox.bubblewrap import Bubblewrap
from forge_loop.agents.sandbox.inside import Sandbox
from forge_loop.agents.sandbox.probes import UnusableError, probe_claude, probe_walls
from forge_loop.agents.sandbox.secrets import secrets_below
from forge_loop.agents.sandbox.toolchains import holds, private_places, toolchains
from forge_loop.agents.sandbox.upstream import upstream_of
from forge_loop.config.model import Sandbox as SandboxSettings
from forge_loop.config.model import SandboxMode
from forge_loop.errors import AgentError, OperatorError

HOLDS = "bubblewrap: sessions and checks see their own files and no network; the model's credential stays with the loop"
OPEN = "what a session runs can read what you can read, the model's credential included"
INSTALL = "apt install bubblewrap"
APART = "run the loop as a user, or in a container, that holds nothing else"
WITHOUT = "sandbox.mode: auto starts without one"


@dataclass(frozen=True, kw_only=True, slots=True)
class Confinement:
    """`sandbox` is None where nothing confines a session; `sentence` says so, `hint` what to do about it."""

    sandbox: Sandbox | None
    sentence: str
    hint: str = ""


def confine(
    settings: SandboxSettings,
    *,
    environ: Mapping[str, str],
    outside: Path,
    scratch: Path,
    private: Sequence[Path],
) -> Confinement:
    """The sandbox that these settings ask for, tried out.

    `outside` is a directory that nothing inside may see (the state directory), `scratch` a place below it for files of
    the sandbox's own, `private` what else must never be shown. Raises OperatorError if the mode is `require` and the
    sandbox does not hold, or if `read_only` names what cannot be shown.
    """
    if settings.mode is SandboxMode.OFF:
        return Confinement(sandbox=None, sentence=f"off: {OPEN}", hint=APART)
    hidden = private_places(environ, outside, *private)
    shown = tuple(_shown(name, environ, hidden, outside) for name in settings.read_only)
    try:
        sandbox = _tried(shown, environ, hidden, outside, scratch)
    except UnusableError as problem:
        if settings.mode is SandboxMode.REQUIRE:
            hint = problem.hint or WITHOUT
            raise OperatorError(f"sandbox.mode is require, but {problem}", hint=hint) from None
        return Confinement(sandbox=None, sentence=f"none, {problem}: {OPEN}", hint=problem.hint or APART)
    return Confinement(sandbox=sandbox, sentence=HOLDS)


def _tried(
    shown: tuple[Path, ...], environ: Mapping[str, str], hidden: Sequence[Path], outside: Path, scratch: Path
) -> Sandbox:
    sandbox = _built(shown, environ, hidden, scratch)
    try:
        upstream_of(Credential(payer="", variables={TOKEN: ""}), environ)
    except ValueError as problem:
        raise UnusableError(str(problem)) from None
    scratch.mkdir(mode=0o700, parents=True, exist_ok=True)
    probe_walls(sandbox.bubblewrap, outside=outside)
    probe_claude(sandbox, environ=environ)
    return sandbox


def _built(shown: tuple[Path, ...], environ: Mapping[str, str], hidden: Sequence[Path], scratch: Path) -> Sandbox:
    path = environ.get("PATH", "")
    program = shutil.which("bwrap", path=path)
    if program is None:
        raise UnusableError("bubblewrap is not installed", hint=INSTALL)
    try:
        cli = require_supported(environ).resolve()
    except AgentError as problem:
        raise UnusableError(str(problem), hint=problem.hint) from None
    found = toolchains(path, interpreters=[Path(sys.prefix), Path(sys.base_prefix)], private=hidden)
    bubblewrap = Bubblewrap(program=Path(program), read_only=(*shown, *found), masked=secrets_below(Path("/etc")))
    return Sandbox(bubblewrap=bubblewrap, cli=cli, scratch=scratch)


def _shown(name: str, environ: Mapping[str, str], hidden: Sequence[Path], outside: Path) -> Path:
    home = environ.get("HOME", "")
    path = Path(home + name[1:]) if home and (name == "~" or name.startswith("~/")) else Path(name)
    if not path.is_absolute() or not path.is_dir():
        raise OperatorError(f"sandbox.read_only: {name!r} is not an absolute path of a directory")
    if holds(path, hidden) or path.resolve().is_relative_to(outside.resolve()):
        raise OperatorError(
            f"sandbox.read_only: {name!r} would show private files of yours or of the loop",
            hint="name the directories below it that are needed",
        )
    return path
