"""The observe stage: what stands outside right now.

Owns: reading issues, labels, pull requests and base beside the runner's thread, at most once a tick interval. Must
not: decide, or take a failed read for an empty answer.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TypeVar

from forge_loop.domain.issue import Issue, LabelEvent, PullRequest
from forge_loop.domain.job import BRANCHES
from forge_loop.errors import ForgeLoopError, NoSuchIssueError
from forge_loop.runner import talk
from forge_loop.runner.clock import passed
from forge_loop.runner.context import Context, Talk, World

KEY = "observe"
Value = TypeVar("Value")


def observe(context: Context) -> None:
    """Start an observation if one is due, and give it a moment to come back."""
    if not context.errands.busy(KEY) and due(context):
        context.look_again = False
        started = World(started_at=context.now())
        live = context.store.jobs.live()
        known = frozenset(job.issue for job in live)
        numbers = frozenset(job.pull_request for job in live if job.pull_request is not None)
        heard = context.world.talk if context.world is not None else {}
        context.errands.start(
            KEY,
            lambda: _look(context, started, known, numbers, heard),
            then=lambda world: _take(context, world),
            failed=lambda error: context.on_fault("observe", error),
        )
    context.errands.wait(KEY, context.timing.patience)


def due(context: Context) -> bool:
    """After a tick interval, or at once when nothing is in hand and something has moved since the last look."""
    world = context.world
    if world is None or context.look_again:
        return True
    if not context.in_hand and context.moved_since(world.started_at):
        return True
    interval = timedelta(seconds=context.settings.scheduling.tick_seconds)
    return passed(world.started_at, context.now(), interval)


def _look(
    context: Context, world: World, known: frozenset[int], numbers: frozenset[int], heard: Mapping[int, Talk]
) -> World:
    """In a thread: each part may fail on its own; what failed stays unknown and says why."""
    problems: list[str] = []
    base_problem = _read(problems, context.code_host.sync_base)
    base_sha = _read(problems, lambda: _base(context))
    pulls = _read(problems, lambda: context.code_host.open_pull_requests(BRANCHES))
    if pulls is not None:
        world = replace(world, open_pull_requests=tuple(pull.number for pull in pulls))
        world = replace(world, pulls=_pulls(context, pulls, numbers, problems))
        world = replace(world, talk=talk.read(context.code_host, world.pulls, heard, partial(_read, problems)))
    read = _read(problems, lambda: _issues(context, known))
    if read is not None:
        issues, gone = read
        ready = [issue for issue in issues.values() if context.settings.labels.ready in issue.labels]
        labels = {issue.number: _read(problems, partial(_labelled, context, issue)) for issue in ready}
        blockers = _blockers(context, issues, ready, problems)
        world = replace(world, issues=issues, labels=labels, blockers=blockers, gone=gone)
    return replace(world, base_sha=base_sha, base_problem=base_problem, problems=tuple(problems))


def _pulls(
    context: Context, listed: Sequence[PullRequest], numbers: frozenset[int], problems: list[str]
) -> dict[int, PullRequest]:
    """The pull requests of these numbers: from the list of open ones, or asked for one by one."""
    known = {pull.number: pull for pull in listed if pull.number in numbers}
    asked = (
        _read(problems, partial(context.code_host.pull_request, number)) for number in sorted(numbers - set(known))
    )
    return {**known, **{pull.number: pull for pull in asked if pull is not None}}


def _base(context: Context) -> str:
    """The base's commit, which the loop's own repository holds from now on: read first, fetched after."""
    sha = context.code_host.base_sha(context.base)
    if not context.workspaces.commit_exists(sha):
        context.workspaces.fetch()
    return sha


def _read(problems: list[str], read: Callable[[], Value]) -> Value | None:
    try:
        return read()
    except (ForgeLoopError, OSError) as error:
        problems.append(str(error))
        return None


def _issues(context: Context, known: Iterable[int]) -> tuple[dict[int, Issue], frozenset[int]]:
    """Every open issue, and those of live jobs even if they are closed by now; which of these are not there."""
    issues = {issue.number: issue for issue in context.tracker.open_issues()}
    gone = set()
    for number in set(known) - set(issues):
        try:
            issues[number] = context.tracker.issue(number)
        except NoSuchIssueError:
            gone.add(number)
    return issues, frozenset(gone)


def _labelled(context: Context, issue: Issue) -> LabelEvent | None:
    return context.tracker.labelled(issue, context.settings.labels.ready)


def _blockers(
    context: Context, issues: dict[int, Issue], ready: list[Issue], problems: list[str]
) -> dict[int, bool | None]:
    named = {number for issue in ready for number in issue.blocked_by}
    return {number: _read(problems, partial(_closed, context, issues, number)) for number in named}


def _closed(context: Context, issues: dict[int, Issue], number: int) -> bool | None:
    try:
        issue = issues.get(number) or context.tracker.issue(number)
    except NoSuchIssueError:
        return None
    return not issue.open


def _take(context: Context, world: World) -> None:
    """Believe an observation, unless something made its beginning too old."""
    if context.look_again:
        return
    context.world = world
    loop = context.store.loop()
    if (loop.base_problem, loop.base_sha) != (world.base_problem, world.base_sha):
        context.store.update_loop(base_problem=world.base_problem, base_sha=world.base_sha)
    if world.open_pull_requests not in (None, loop.open_pull_requests):
        context.store.update_loop(open_pull_requests=world.open_pull_requests)
