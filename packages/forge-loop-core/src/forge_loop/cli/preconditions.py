"""What must hold before the loop can do its work, each looked at on its own.

Owns: the checks of `doctor` by name. Must not: change anything, or stop at the first that fails.
"""

from __future__ import annotations

import os
import platform
import re
import sqlite3
import stat
import subprocess
import sys
import tempfile
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

from forge_loop import bootstrap
from forge_loop.agents.cli import claude_version, login_method, require_supported
from forge_loop.agents.credentials import choose_credential, describe_auth
from forge_loop.briefs import Briefs
from forge_loop.cli.github.preconditions import GITHUB
from forge_loop.cli.project import now, reading
from forge_loop.cli.situation import Finding, Situation, fail, ok, warn
from forge_loop.cli.upkeep import UPKEEP, amiss
from forge_loop.config.model import ForgeKind
from forge_loop.database import open_read_only
from forge_loop.database.place import check_place, filesystem
from forge_loop.errors import ForgeLoopError, OperatorError
from forge_loop.forge.local import BacklogTracker
from forge_loop.forge.local.origin import branch_at, contains, git_of
from forge_loop.git.command import Git

GIT_LEAST = (2, 38)
SQLITE_LEAST = (3, 37)
PYTHON_LEAST = (3, 11)


def look(name: str, situation: Situation) -> Finding:
    """What the check `name` finds. What it cannot read is a failure."""
    try:
        return CHECKS[name](situation)
    except ForgeLoopError as error:
        return fail(error.message, error.hint)
    except OSError as error:
        return fail(str(error))


def _python(_: Situation) -> Finding:
    said = f"Python {platform.python_version()}"
    return ok(said) if sys.version_info >= PYTHON_LEAST else fail(f"{said} is too old", "Python 3.11 or newer")


def _sqlite(_: Situation) -> Finding:
    said = f"SQLite {sqlite3.sqlite_version}"
    return (
        ok(said) if sqlite3.sqlite_version_info >= SQLITE_LEAST else fail(f"{said} is too old", "SQLite 3.37 or newer")
    )


def _git(_: Situation) -> Finding:
    try:
        done = subprocess.run(["git", "version"], capture_output=True, text=True, timeout=30, check=True)
    except (OSError, subprocess.SubprocessError) as error:
        return fail(f"git does not run: {error}", "install git 2.38 or newer")
    found = re.search(r"(\d+)\.(\d+)", done.stdout)
    version = tuple(int(part) for part in found.groups()) if found else (0, 0)
    said = done.stdout.strip()
    return (
        ok(said) if version >= GIT_LEAST else fail(f"{said} is too old", "git 2.38 or newer (merge-tree --write-tree)")
    )


def _repository(situation: Situation) -> Finding:
    base = situation.base
    sha = branch_at(git_of(situation.directory), base)
    if sha is None:
        return fail(f"the branch {base} has no commit", "commit something first")
    return ok(f"{situation.directory} on {base} at {sha[:12]}")


def _configuration(situation: Situation) -> Finding:
    files = situation.project.loaded.files
    if not files:
        return warn("there is no forge-loop.yaml; the defaults hold", "forge-loop init")
    return ok(", ".join(str(path) for path in files))


def _state(situation: Situation) -> Finding:
    root = situation.project.layout.root
    if not root.exists() and not root.is_symlink():
        return ok(f"{root} is made when it is first needed")
    facts = root.lstat()
    if not stat.S_ISDIR(facts.st_mode) or facts.st_uid != os.geteuid():
        return fail(f"{root} is not a directory of yours", "choose another: --state-dir DIR")
    if stat.S_IMODE(facts.st_mode) & 0o077:
        return warn(f"{root} is open to other users", f"chmod 700 {root}")
    with reading(situation.project) as store:
        said = "no loop has run here yet" if store is None else f"{len(store.jobs.select())} jobs so far"
    return ok(f"{root}, {said}")


def _database(situation: Situation) -> Finding:
    path = situation.project.layout.database
    if not path.exists():
        return ok("there is none yet")
    database = open_read_only(path)
    try:
        database.check()
    finally:
        database.close()
    return ok(f"{path} is sound, {path.stat().st_size / 1024**2:.1f} MiB")


def _kept(name: str, situation: Situation) -> Finding:
    """What of the state directory is not as a loop leaves it."""
    found = [one.text for one in amiss(name, situation.project.layout)]
    return warn("; ".join(found), "forge-loop doctor --fix") if found else ok("as it should be")


def _filesystem(situation: Situation) -> Finding:
    place = situation.project.layout.root
    while not place.is_dir():
        place = place.parent
    check_place(place / "state.db")
    facts = os.statvfs(place)
    free = facts.f_bavail * facts.f_frsize
    said = f"{filesystem(place) or 'unknown'} filesystem, {free / 1024**3:.1f} GiB free"
    return ok(said) if free > 1024**3 else warn(said, "free some space: workspaces are whole clones")


def _claude(situation: Situation) -> Finding:
    path = require_supported(situation.given.environ)
    return ok(f"{claude_version(situation.given.environ)} at {path}")


def _credential(situation: Situation) -> Finding:
    """Who pays: by the loop's own reading, and in the words of Claude Code when it is given that credential."""
    auth, environ = str(situation.project.settings.agent.auth), situation.given.environ
    credential = choose_credential(auth, environ, now())
    said = f"{describe_auth(auth, environ, now())}; `claude auth status`: {login_method(credential, environ)}"
    if auth == "api_key":
        return warn(said, "agent.auth: subscription, if a subscription should pay")
    return ok(said)


def _sandbox(situation: Situation) -> Finding:
    project = situation.project
    with tempfile.TemporaryDirectory(prefix="forge-loop-") as spare:
        root = project.layout.root if project.layout.root.is_dir() else Path(spare)
        confined = bootstrap.confinement(project.directory, project.settings, situation.given.environ, root=root)
    return ok(confined.sentence) if confined.sandbox is not None else warn(confined.sentence, confined.hint)


def _briefs(situation: Situation) -> Finding:
    briefs = Briefs(situation.directory / bootstrap.BRIEFS)
    problems = briefs.check()
    if problems:
        return fail("; ".join(problems), "forge-loop brief check")
    own = [role for role in briefs.roles() if briefs.origin(role) != "built in"]
    return ok(f"yours: {', '.join(own)}; the others built in" if own else "all built in")


def _base(situation: Situation) -> Finding:
    """Whether the loop's base can follow the checkout's. On GitHub people push there themselves."""
    if situation.project.settings.forge is ForgeKind.GITHUB:
        base = situation.base
        return ok(f"{base} at {situation.github.code_host(base).base_sha(base)[:12]} on GitHub")
    base, layout = situation.base, situation.project.layout
    if not layout.origin.is_dir():
        return ok(f"the loop's repository is made from {base} at the first start")
    checkout, origin = git_of(situation.directory), Git(layout.origin)
    theirs, ours = branch_at(checkout, base), branch_at(origin, base)
    if theirs is None:
        return fail(f"the checkout has no branch {base}", "set base: in forge-loop.yaml")
    if ours is None or theirs == ours or contains(checkout, theirs, ours):
        return ok(f"the loop's {base} can follow the checkout's")
    if contains(origin, ours, theirs):
        return ok(f"the loop's {base} is ahead of the checkout's; take it with: git pull forge {base}")
    return warn(f"the checkout's {base} and the loop's have diverged", f"git pull forge {base}")


def _checks(situation: Situation) -> Finding:
    checks = situation.project.settings.checks
    if not checks:
        return warn(
            "no checks are configured: what is approved is handed to you, not merged", "checks: in forge-loop.yaml"
        )
    return ok(", ".join(checks))


def _tracker(situation: Situation) -> Finding:
    project = situation.project
    tracker = bootstrap.tracker(situation.directory, project.settings, project.environ)
    issues = tracker.open_issues()
    ready = sum(situation.project.settings.labels.ready in issue.labels for issue in issues)
    broken = [f"#{issue.number}: {issue.problem}" for issue in issues if issue.problem is not None]
    if isinstance(tracker, BacklogTracker):
        broken += tracker.ignored()
    said = f"{len(issues)} open issues, {ready} of them approved"
    return warn(f"{said}; not usable: {'; '.join(broken)}") if broken else ok(said)


def _sinks(situation: Situation) -> Finding:
    """Whether what the loop tells would arrive."""
    project = situation.project
    if not project.settings.sinks:
        return ok("none are configured")
    made = bootstrap.configured_sinks(project.settings, project.layout.root, situation.given.environ)
    try:
        found = {sink.name: sink.obstacle() for sink in made}
    finally:
        for sink in made:
            sink.close()
    amiss = [f"{name}: {obstacle}" for name, obstacle in found.items() if obstacle is not None]
    return warn("; ".join(amiss), "the loop runs all the same; messages wait") if amiss else ok(", ".join(found))


def require_known(name: str | None) -> None:
    """Raise OperatorError unless there is a check of this name."""
    if name is not None and name not in CHECKS:
        raise OperatorError(f"there is no check {name!r}", hint=f"one of {', '.join(CHECKS)}")


CHECKS: Mapping[str, Callable[[Situation], Finding]] = {
    "python": _python,
    "sqlite": _sqlite,
    "git": _git,
    "repository": _repository,
    "configuration": _configuration,
    "state": _state,
    "database": _database,
    **{name: partial(_kept, name) for name in UPKEEP},
    "filesystem": _filesystem,
    "claude": _claude,
    "credential": _credential,
    "sandbox": _sandbox,
    "briefs": _briefs,
    "base": _base,
    "checks": _checks,
    "tracker": _tracker,
    "sinks": _sinks,
    **GITHUB,
}
