"""Settings in, a wired runner out.

Owns: which adapter stands behind which port of the runner's. Must not: decide anything else.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from forge_loop import __version__
from forge_loop.agents.commands import LocalCommands
from forge_loop.agents.credentials import describe_auth
from forge_loop.agents.hosts import ClaudeAgents
from forge_loop.agents.sandbox import Confinement, confine
from forge_loop.bootstrap.clock import SystemClock
from forge_loop.bootstrap.project_files import PIPELINE, usable_briefs, usable_pipeline
from forge_loop.bootstrap.sinks import configured_sinks
from forge_loop.bootstrap.trackers import backlog, github
from forge_loop.config.layout import StateLayout
from forge_loop.config.model import ForgeKind, Settings
from forge_loop.config.paths import prepare_state_directory
from forge_loop.database import Database
from forge_loop.errors import UnreadableError
from forge_loop.forge.local import LocalCodeHost, create_origin
from forge_loop.git import Access, ControlRepository, LocalWorkspaces
from forge_loop.git.checkout import current_branch
from forge_loop.ports import CodeHost, Commands, EventSink, Slots, Tracker
from forge_loop.queue import SQLiteQueue
from forge_loop.runner import Context, Runner, Timing
from forge_loop.runner.errands import Errands
from forge_loop.runner.pipeline_watch import PipelineWatch
from forge_loop.runner.slots import OwnSlots
from forge_loop.runner.waker import Waker
from forge_loop.status.version import check_no_older_loop
from forge_loop.store import open_store


@dataclass(frozen=True, kw_only=True, slots=True)
class Wired:
    """A runner, commands for after it (its own end with it), and what must be closed."""

    runner: Runner
    context: Context
    commands: Callable[[], Commands]
    confinement: Confinement
    database: Database
    waker: Waker

    def close(self) -> None:
        self.waker.close()
        self.database.close()


@dataclass(frozen=True, kw_only=True, slots=True)
class Forge:
    """A tracker, a code host, how git reaches it, and where the settings that it follows will stand."""

    tracker: Tracker
    code_host: CodeHost
    access: Access = field(default_factory=Access)
    follow: Callable[[Callable[[], Settings]], None] = lambda _settings: None


def no_reload() -> Settings | None:
    return None


def build(
    *,
    project: Path,
    settings: Settings,
    layout: StateLayout,
    environ: Mapping[str, str],
    on_fault: Callable[[str, Exception], None],
    sinks: Sequence[EventSink] = (),
    reload: Callable[[], Settings | None] = no_reload,
    timing: Timing | None = None,
    slots: Slots | None = None,
) -> Wired:
    """Wire the loop of one project. Raises OperatorError, AuthenticationError or DatabaseError before anything runs."""
    clock = SystemClock()
    briefs, pipeline = usable_briefs(project), usable_pipeline(project)
    told = (*sinks, *configured_sinks(settings, layout.root, environ))
    pays = describe_auth(settings.agent.auth, environ, clock.now())
    prepare_state_directory(layout.root)
    confined = confinement(project, settings, environ, root=layout.root)
    base = settings.base or current_branch(project)
    database = Database(layout.database)
    database.check()
    check_no_older_loop(database)
    store = open_store(database)
    waker = Waker(database.wake_fd)
    loop_id = store.loop().loop_id
    forge = _forge(project, settings, layout, environ, database)
    control = ControlRepository(layout.control, forge.code_host.url(), access=forge.access)
    commands = partial(
        LocalCommands, loop_id=loop_id, environ=environ, scratch=layout.private, sandbox=confined.sandbox
    )
    context = Context(
        settings=settings,
        base=base,
        pays=pays,
        layout=layout,
        store=store,
        queue=SQLiteQueue(database, max_deliveries=None),
        tracker=forge.tracker,
        code_host=forge.code_host,
        agents=ClaudeAgents(
            loop_id=loop_id,
            auth=settings.agent.auth,
            environ=environ,
            clock=clock,
            on_news=waker.wake,
            sandbox=confined.sandbox,
        ),
        workspaces=LocalWorkspaces(layout.workspaces, control),
        commands=commands(),
        briefs=briefs,
        clock=clock,
        errands=Errands(waker.wake),
        sinks=told,
        on_fault=on_fault,
        timing=timing or Timing(),
        slots=slots or OwnSlots(),
        pipeline=pipeline,
    )
    forge.follow(lambda: context.settings)
    runner = Runner(
        context,
        waker,
        version=__version__,
        reload=reload,
        reload_pipeline=PipelineWatch(project / PIPELINE, partial(usable_pipeline, project)),
    )
    return Wired(
        runner=runner, context=context, confinement=confined, commands=commands, database=database, waker=waker
    )


def confinement(project: Path, settings: Settings, environ: Mapping[str, str], *, root: Path) -> Confinement:
    """The sandbox of a loop whose state is kept in `root`, tried out. Raises OperatorError if it is required and
    does not hold."""
    scratch = StateLayout(root).private
    return confine(settings.sandbox, environ=environ, outside=root, scratch=scratch, private=(project,))


def _forge(
    project: Path, settings: Settings, layout: StateLayout, environ: Mapping[str, str], database: Database
) -> Forge:
    if settings.forge is ForgeKind.LOCAL:
        code_host = local_code_host(project, settings, layout, database)
        return Forge(tracker=backlog(project, settings), code_host=code_host)
    hub = github(settings, environ)
    with suppress(UnreadableError):  # an outage passes; a token that is not accepted does not
        hub.repository.me()
    return Forge(
        tracker=hub.tracker,
        code_host=hub.code_host(settings.base or current_branch(project)),
        access=hub.access(environ),
        follow=lambda current: hub.repository.follow(lambda: current().approvers),
    )


def local_code_host(project: Path, settings: Settings, layout: StateLayout, database: Database) -> LocalCodeHost:
    """The local forge's code host. Makes its bare repository where there is none yet."""
    base = settings.base or current_branch(project)
    origin = Path(settings.repository).expanduser() if settings.repository else layout.origin
    if not origin.is_absolute():
        origin = project / origin
    create_origin(origin, project, base)
    return LocalCodeHost(origin=origin, checkout=project, base=base, database=database, clock=SystemClock())
