"""Where the fleet is, and one repository of it as core's commands know a project.

Owns: these paths, and refusing a variable that would throw all repositories into one state directory. Must not: run
anything.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from forge_loop import OperatorError
from forge_loop.extension import STATE_VARIABLE, Invocation, Project, find_project
from forge_loop_multirepo.fleet_file import Fleet, Repository, fleet_path, load
from forge_loop_multirepo.standing import fleet_state


def file_of(given: Invocation) -> Path:
    """The fleet file: `--config FILE`, or the operator's own."""
    return given.config_file.absolute() if given.config_file is not None else fleet_path(given.environ)


def state_of(given: Invocation) -> Path:
    """The directory of the fleet's own state: `--state-dir DIR`, or its place beside those of the repositories."""
    if given.state_dir is not None:
        return given.state_dir.absolute()
    if given.environ.get(STATE_VARIABLE):
        raise OperatorError(
            f"{STATE_VARIABLE} is set: all repositories would keep their state in one directory",
            hint=f"unset {STATE_VARIABLE}",
        )
    return fleet_state(given.environ)


def fleet_of(given: Invocation) -> Fleet:
    """The fleet. Raises ConfigError, and OperatorError where it holds no repository."""
    fleet = load(file_of(given))
    if not fleet.repositories:
        raise OperatorError(f"{file_of(given)} names no repository yet", hint="forge-loop repos add PATH")
    return fleet


def invocation_of(given: Invocation, entry: Repository) -> Invocation:
    """The command line as it would be inside the repository: its own settings, its own state."""
    return replace(given, directory=entry.path, config_file=None, state_dir=None)


def project_of(given: Invocation, entry: Repository) -> Project:
    """Raises OperatorError, ConfigError, UnsupportedPlaceError."""
    return find_project(invocation_of(given, entry))
