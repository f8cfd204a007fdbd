"""Which project this is, and where its state is kept.

Owns: the project directory, the state directory's name, and creating it safely. Must not: know what is in it
(`layout` does).
"""

from __future__ import annotations

import hashlib
import os
import re
import stat
import subprocess
from collections.abc import Iterable, Mapping
from pathlib import Path

from forge_loop.config.model import Settings
from forge_loop.errors import OperatorError, UnsupportedPlaceError

STATE_VARIABLE = "FORGE_LOOP_STATE_DIR"
_GIT_TIMEOUT = 30.0


def project_directory(start: Path) -> Path:
    """The top of the git checkout that `start` is in. Raises OperatorError if there is none."""
    return Path(_git(start, "rev-parse", "--show-toplevel"))


def state_directory(
    project: Path, settings: Settings, *, environ: Mapping[str, str], override: Path | None = None
) -> Path:
    """Where the loop of `project` keeps its state: an absolute path, not created and not resolved.

    `override` wins over $FORGE_LOOP_STATE_DIR, which wins over `$XDG_STATE_HOME/forge-loop/<slug>-<hash>`. All
    worktrees of one repository share a directory. Raises UnsupportedPlaceError inside any of them.
    """
    chosen = override or (Path(environ[STATE_VARIABLE]) if environ.get(STATE_VARIABLE) else None)
    common = Path(_git(project, "rev-parse", "--path-format=absolute", "--git-common-dir"))
    place = chosen.absolute() if chosen else state_home(environ) / _own_name(common, settings)
    for tree in (*_worktrees(project), project, common):
        if _is_inside(place, tree):
            raise UnsupportedPlaceError(
                f"the state directory {str(place)!r} lies inside the repository at {str(tree)!r}",
                hint="choose a place outside of it: --state-dir DIR",
            )
    return place


def prepare_state_directory(path: Path) -> None:
    """Create the directory with mode 0700, or make sure that an existing one is the operator's own and private.

    Raises UnsupportedPlaceError for a symlink, for another user's directory, and for one that others can read and
    that holds something else.
    """
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        path.mkdir(mode=0o700, exist_ok=True)
        # The descriptor pins the directory: what is checked is what gets its mode.
        descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW)
    except OSError as error:
        raise UnsupportedPlaceError(
            f"{str(path)!r} cannot be the state directory: {_why(path, error)}", hint="choose another: --state-dir DIR"
        ) from None
    try:
        _make_private(path, descriptor)
    finally:
        os.close(descriptor)


def _make_private(path: Path, descriptor: int) -> None:
    facts = os.fstat(descriptor)
    if facts.st_uid != os.geteuid():
        raise UnsupportedPlaceError(
            f"the state directory {str(path)!r} belongs to another user (uid {facts.st_uid})",
            hint="choose another: --state-dir DIR",
        )
    if stat.S_IMODE(facts.st_mode) == 0o700:
        return
    names = os.listdir(descriptor)
    if names and "state.db" not in names:
        # Not ours to close to others: a mistyped --state-dir must not change a home directory.
        raise UnsupportedPlaceError(
            f"{str(path)!r} is open to other users and holds something else",
            hint=f"choose another with --state-dir DIR, or: chmod 700 {path}",
        )
    os.fchmod(descriptor, 0o700)


def _why(path: Path, error: OSError) -> str:
    return "it is a symlink" if path.is_symlink() else f"{error.strerror}"


def state_home(environ: Mapping[str, str]) -> Path:
    """Where all state directories lie. Raises OperatorError without a home."""
    base = environ.get("XDG_STATE_HOME", "")
    if base.startswith("/"):  # the XDG specification: a relative path is ignored
        return Path(base) / "forge-loop"
    home = environ.get("HOME", "")
    if not home.startswith("/"):
        raise OperatorError("neither HOME nor XDG_STATE_HOME is set", hint="--state-dir DIR")
    return Path(home) / ".local" / "state" / "forge-loop"


def _own_name(git_directory: Path, settings: Settings) -> str:
    common = git_directory.resolve()
    identity = f"{settings.forge}\n{common}"
    # The name comes from what worktrees share, as the hash does: they must end up in one directory.
    named = common.parent.name if common.name == ".git" else common.name.removesuffix(".git")
    slug = re.sub(r"[^a-z0-9]+", "-", named.lower()).strip("-")[:40].strip("-") or "repository"
    return f"{slug}-{hashlib.sha256(identity.encode(errors='surrogateescape')).hexdigest()[:10]}"


def _worktrees(project: Path) -> Iterable[Path]:
    listed = _git(project, "worktree", "list", "--porcelain")
    for line in listed.splitlines():
        if line.startswith("worktree "):
            yield Path(line.removeprefix("worktree "))


def _is_inside(place: Path, tree: Path) -> bool:
    return place.is_relative_to(tree) or place.resolve().is_relative_to(tree.resolve())


def _git(directory: Path, *words: str) -> str:
    # GIT_DIR and its kin, as set inside a git hook, would answer for another repository than `directory`.
    environ = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    try:
        done = subprocess.run(
            ["git", *words],
            cwd=directory,
            env={**environ, "LC_ALL": "C"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            timeout=_GIT_TIMEOUT,
            check=False,
        )
    except (FileNotFoundError, NotADirectoryError):
        if directory.is_dir():
            raise OperatorError("git is not installed", hint="forge-loop needs git 2.38 or newer on PATH") from None
        raise OperatorError(f"there is no directory {str(directory)!r}", hint="-C PATH names the project") from None
    except (OSError, subprocess.TimeoutExpired) as error:
        raise OperatorError(
            f"git could not be asked about {str(directory)!r}: {error}", hint="forge-loop doctor --only git"
        ) from None
    if done.returncode != 0:
        reason = os.fsdecode(done.stderr).strip().removeprefix("fatal: ")
        # The usual one says the same again.
        more = "" if reason.startswith("not a git repository") else f": {reason}"
        raise OperatorError(
            f"{str(directory.absolute())!r} is not inside a git checkout{more}",
            hint="run this inside a repository, name one with -C PATH, or: git init",
        )
    return os.fsdecode(done.stdout).removesuffix("\n")
