"""From what was given to what a command needs: the project, its settings, its state.

Owns: that order, opening the state for reading and for writing, noticing that a settings file changed. Must not: create
a state directory for a command that only looks, or load for it what only a writer needs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from forge_loop.cli.invocation import Invocation
from forge_loop.config.layout import StateLayout
from forge_loop.config.load import FILE_NAME, Loaded, load, user_file
from forge_loop.config.model import Settings
from forge_loop.config.paths import prepare_state_directory, project_directory, state_directory
from forge_loop.errors import OperatorError

if TYPE_CHECKING:
    from forge_loop.database import Database
    from forge_loop.domain.job import Job
    from forge_loop.store import Store


@dataclass(frozen=True, kw_only=True, slots=True)
class Project:
    """`directory` is the top of the checkout; `layout` names the state directory, which may not exist."""

    directory: Path
    loaded: Loaded
    layout: StateLayout
    environ: Mapping[str, str] = field(repr=False)

    @property
    def settings(self) -> Settings:
        return self.loaded.settings


def now() -> datetime:
    return datetime.now(UTC)


def settings_of(given: Invocation, directory: Path, flags: Mapping[str, object] | None = None) -> Loaded:
    """The settings of a project. Raises ConfigError."""
    return load(directory, config_file=_config_file(given), environ=given.environ, flags=flags or {})


def find_project(given: Invocation, flags: Mapping[str, object] | None = None) -> Project:
    """The project of this command line. Raises OperatorError, ConfigError, UnsupportedPlaceError."""
    directory = project_directory(given.directory)
    loaded = settings_of(given, directory, flags)
    state = state_directory(directory, loaded.settings, environ=given.environ, override=given.state_dir)
    return Project(directory=directory, loaded=loaded, layout=StateLayout(state), environ=given.environ)


@contextmanager
def reading(project: Project) -> Iterator[Store | None]:
    """The loop's rows for looking at; None where no loop has been yet."""
    from forge_loop.status import open_store_read_only

    with open_store_read_only(project.layout.root) as opened:
        yield None if opened is None else opened[0]


@contextmanager
def writing(project: Project) -> Iterator[tuple[Store, Database]]:
    """The loop's rows for an operator's request, in a state directory that is made if need be."""
    from forge_loop.database import Database
    from forge_loop.queue import SQLiteQueue
    from forge_loop.status.version import check_no_older_loop
    from forge_loop.store import open_store

    prepare_state_directory(project.layout.root)
    database = Database(project.layout.database)
    try:
        check_no_older_loop(database)
        store = open_store(database)
        # Whoever looks at the state finds the queue's tables there too, as after a loop has run.
        SQLiteQueue(database, max_deliveries=None)
        yield store, database
    finally:
        database.close()


def newest_job(store: Store | None, issue: int) -> Job:
    """The newest job of an issue. Raises OperatorError where there is none."""
    job = store.jobs.newest_by_number(issue) if store is not None else None
    if job is None:
        raise OperatorError(f"#{issue} has no job yet", hint=f"forge-loop explain {issue}")
    return job


class Reloading:
    """The settings again whenever a file that they come from has changed."""

    def __init__(self, given: Invocation, project: Project, flags: Mapping[str, object]) -> None:
        self._given = given
        self._directory = project.directory
        self._flags = flags
        own = _config_file(given) or project.directory / FILE_NAME
        user = user_file(given.environ)
        self._files = (own, user) if user is not None else (own,)
        self._seen = self._look()

    def __call__(self) -> Settings | None:
        """New settings, or None while nothing changed. Raises ConfigError, once for each bad edit."""
        found = self._look()
        if found == self._seen:
            return None
        self._seen = found
        return settings_of(self._given, self._directory, self._flags).settings

    def _look(self) -> tuple[tuple[int, int, int] | None, ...]:
        return tuple(file_identity(path) for path in self._files)


def file_identity(path: Path) -> tuple[int, int, int] | None:
    """What changes whenever a file is written or replaced; None where there is none."""
    try:
        facts = path.stat()
    except OSError:
        return None
    return facts.st_mtime_ns, facts.st_size, facts.st_ino


def _config_file(given: Invocation) -> Path | None:
    return given.config_file.absolute() if given.config_file is not None else None
