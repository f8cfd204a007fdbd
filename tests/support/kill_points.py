"""kill -9 at a chosen point of a chosen effect, then a second life that must put everything right.

Owns: forking a life of the runner, ending it at (nth effect, phase), judging what the next life makes of it. Must not:
soften anything: the kill is a real SIGKILL of a real process over real git and SQLite; only the sessions are scripted.

Run as a program: `kill_points.py SCENARIO` kills at every point of the scenario and prints one JSON object.
"""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import sys
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from forge_loop.config.model import Merge, Scheduling
from forge_loop.domain.job import JobState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder
from forge_loop.ports import CodeHost
from forge_loop.runner import effect_kinds, effects
from forge_loop.runner.effect_kinds import EffectKind
from support.fault_place import quick_place
from support.filed_talk import FiledTalk, TalkedAbout
from support.runner_world import SETTINGS, World, approve, approves, commits, done, git, open_world, script

# Looking around for nothing is two thirds of a life's time; what moves in it wakes the loop by itself.
SEDATE = replace(SETTINGS, scheduling=Scheduling(tick_seconds=5.0))
MENDED_BY = "greet with two l"  # words that no brief has
PHASES = ("before act", "after act", "after record")
Step = Callable[[SessionOrder], SessionEnded]


@dataclass(frozen=True, slots=True)
class Scenario:
    """`worker` and `critic` depend on nothing but their order, so that every life plays the same script.

    `talks`: people talk about pull requests there, which are drafts at first.
    """

    titles: tuple[str, ...]
    worker: Step
    critic: Step
    ends: Mapping[str, JobState]
    talks: bool = False


def _says_hello(order: SessionOrder) -> SessionEnded:
    return commits({"hello.txt": "Hello.\n"})(order)


def _learns(order: SessionOrder) -> SessionEnded:
    return commits({"hello.txt": "Hello.\n" if MENDED_BY in order.prompt else "Helo.\n"})(order)


def _reads(order: SessionOrder) -> SessionEnded:
    if "Hello" in (order.workspace / "hello.txt").read_text():
        return approves(order)
    finding = {"severity": "sev2", "category": "correctness", "file": "hello.txt", "line": 1, "message": MENDED_BY}
    return done(order, {"overall": "request_changes", "findings": [finding], "reviewed": ["hello.txt"]})


def _blocks(order: SessionOrder) -> SessionEnded:
    finding = {"severity": "sev1", "category": "product", "file": None, "line": None, "message": "theatre"}
    return done(order, {"overall": "block", "findings": [finding], "reviewed": ["all"]})


def _contends(order: SessionOrder) -> SessionEnded:
    if "Merge `base`" in order.prompt:
        git(order.workspace, "merge", "-q", "-X", "theirs", "base", "-m", "merge base")
        return done(order, {"status": "done", "summary": "merged", "tests_run": [], "notes": ""})
    name = "first" if "First" in order.prompt else "second"
    return commits({"README": f"{name}\n", name: "x\n"})(order)


SCENARIOS: Mapping[str, Scenario] = {
    "merged": Scenario(("Say hello",), _says_hello, approves, {"Say hello": JobState.MERGED}),
    "revised": Scenario(("Say hello",), _learns, _reads, {"Say hello": JobState.MERGED}, talks=True),
    "handed over": Scenario(("Say hello",), _says_hello, _blocks, {"Say hello": JobState.HANDED_OVER}),
    "conflict": Scenario(
        ("First", "Second"), _contends, approves, {"First": JobState.MERGED, "Second": JobState.MERGED}
    ),
}


def open_scenario(scenario: Scenario, root: Path) -> World:
    """The scenario's world in `root`, with its issues written on the first call."""
    fresh = not (root / "project").exists()
    roles = {Role.WORKER: script(scenario.worker), Role.CRITIC: script(scenario.critic)}
    world = open_world(root, roles, settings=replace(SEDATE, merge=Merge(draft=scenario.talks)))
    if scenario.talks:
        world.context.code_host = cast(CodeHost, TalkedAbout(world.context.code_host, talk_in(root)))
    if fresh:
        for title in scenario.titles:
            approve(world, title)
    return world


def talk_in(root: Path) -> FiledTalk:
    return FiledTalk(root / "talk.json")


def lay_out(scenario: Scenario, root: Path) -> None:
    """The scenario's project and issues in `root`, and no state yet: every life begins with a copy of it."""
    root.mkdir()
    open_scenario(scenario, root).close()
    shutil.rmtree(root / "state")


def live(scenario: Scenario, root: Path) -> dict[str, Any]:
    """One life until it rests: the keys of its effects, and what is wrong at its end."""
    world = open_scenario(scenario, root)
    world.run(60.0)
    result = {
        "effects": [row.key for row in world.context.store.effects.select()],
        "violations": [*violations(scenario, world), *(wrongly_said(world, root) if scenario.talks else ())],
    }
    world.close()
    return result


def in_child(life: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Run a life in a forked process and take its result; a life that was killed has none."""
    read, write = os.pipe()
    pid = os.fork()
    if pid == 0:
        os.close(read)
        try:
            os.write(write, json.dumps(life()).encode())
        except Exception as error:  # noqa: BLE001 - what a life raised is a violation of its own
            os.write(write, json.dumps({"violations": [f"the life raised {error!r}"[:3000]], "effects": []}).encode())
        finally:
            os._exit(0)
    os.close(write)
    with os.fdopen(read) as pipe:
        text = pipe.read()
    _, status = os.waitpid(pid, 0)
    if os.WIFSIGNALED(status):
        return {"signal": os.WTERMSIG(status)}
    return dict(json.loads(text))


@contextmanager
def killed_at(nth: int, phase: str) -> Iterator[None]:
    """In this process, send SIGKILL to itself at the phase of the nth effect that is carried out."""
    count = 0

    def wrap(kind: EffectKind) -> EffectKind:
        def act(context: Any, detail: Any) -> Any:
            nonlocal count
            count += 1
            mine = count == nth
            if mine and phase == "before act":
                os.kill(os.getpid(), signal.SIGKILL)
            result = kind.act(context, detail)
            if mine and phase == "after act":
                os.kill(os.getpid(), signal.SIGKILL)
            return result

        return EffectKind(look=kind.look, act=act, tells=kind.tells)

    recorded = 0
    original = effects.EffectPump._done

    def record(pump: Any, *arguments: Any) -> None:
        nonlocal recorded
        original(pump, *arguments)
        recorded += 1
        if recorded == nth and phase == "after record":
            os.kill(os.getpid(), signal.SIGKILL)

    kinds = {name: wrap(kind) for name, kind in effect_kinds.KINDS.items()}
    # This process ends here: nothing is put back.
    setattr(effects, "KINDS", kinds)  # noqa: B010
    setattr(effects.EffectPump, "_done", record)  # noqa: B010
    yield


def violations(scenario: Scenario, world: World, *, faulty: bool = False) -> Iterator[str]:
    """What a life that came to rest must not look like. In a `faulty` one the fences may have caught something."""
    store, numbers = world.context.store, range(1, len(scenario.titles) + 1)
    jobs = store.jobs.select()
    if len(jobs) != len(scenario.titles):
        yield f"{len(jobs)} jobs for {len(scenario.titles)} approvals"
    for job in jobs:
        if job.state is not scenario.ends[job.title]:
            yield f"#{job.issue} ended {job.state}: {job.reason}"
        if job.attempts:
            yield f"#{job.issue} was charged {job.attempts} attempts"
    merged = [title for title in scenario.titles if scenario.ends[title] is JobState.MERGED]
    subjects = world.main_log()[:-1]
    if sorted(subjects) != sorted(f"{job.title} (#{job.issue})" for job in jobs if job.title in merged):
        yield f"main holds {subjects!r}"
    pulls = world.database.query("SELECT count(*) AS n FROM pulls")[0]["n"]
    if pulls != len(jobs):
        yield f"{pulls} pull requests"
    yield from _leftovers(world)
    if world.faults and not faulty:
        yield f"faults: {world.faults!r}"
    for number in numbers:
        text = next(world.project.glob(f"backlog/tasks/task-{number} - *.md")).read_text()
        if text.count("the critic blocks it") > 1:
            yield f"#{number} carries its note twice"


def wrongly_said(world: World, root: Path) -> Iterator[str]:
    """On the pull request and on the issue: findings stand once, the note is the last one."""
    said = talk_in(root).said
    keys = [entry["key"] for entry in said if entry["what"] == "review"]
    if len(keys) != 1:
        yield f"the reviews {keys!r} were posted"
    if not any(entry["what"] == "describe" and "- [x] " in entry["body"] for entry in said):
        yield "the pull request's text was never ticked"
    for job in world.context.store.jobs.select():
        note = world.tracker.note(job.issue, f"job-{job.id}")
        if note is None or not note.startswith("**merged**"):
            yield f"the note on #{job.issue} says {note!r}"


def _leftovers(world: World) -> Iterator[str]:
    store = world.context.store
    if store.effects.select("state <> 'done'"):
        yield "effects are left open"
    if list(world.layout.workspaces.iterdir()):
        yield "workspaces are left"
    if world.context.queue.jobs():
        yield "queue entries are left"
    seqs = [event.seq for event in world.events()]
    if seqs != list(range(1, len(seqs) + 1)):
        yield "the event log has gaps"
    if world.layout.events.read_text().splitlines() != [event.line() for event in world.events()]:
        yield "events.jsonl is not the event log"
    branches = git(world.layout.origin, "for-each-ref", "--format=%(refname)", "refs/heads/forge").splitlines()
    merged = [job for job in store.jobs.select() if job.state is JobState.MERGED]
    if any(f"refs/heads/{job.branch}" in branches for job in merged):
        yield f"branches are left: {branches!r}"


def kill_everywhere(scenario: Scenario) -> dict[str, Any]:
    """Kill one life at every phase of every effect; each is followed by a second life that is judged.

    Two jobs may meet at merging or not, so lives differ in how many effects they have: the points go on until a whole
    life has none left to be killed at, and a kill that does not fire earlier is a violation.
    """
    fired, bad = 0, []
    with quick_place() as place:
        lay_out(scenario, place / "fresh")
        for nth in itertools.count(1):
            before = fired
            for phase in PHASES:
                life = _life_with_kill(scenario, place, nth, phase)
                killed = life.get("signal") == signal.SIGKILL
                fired += killed
                if not killed and len(life["effects"]) >= nth:
                    bad.append(f"{phase} of effect {nth}: the kill did not fire")
                found = in_child(lambda: live(scenario, place / "life"))["violations"]
                bad += [f"{phase} of effect {nth}: {text}" for text in found]
            if fired == before:
                return {"fired": fired, "violations": bad}
    raise AssertionError("unreachable")


def _life_with_kill(scenario: Scenario, place: Path, nth: int, phase: str) -> dict[str, Any]:
    root = place / "life"
    shutil.rmtree(root, ignore_errors=True)
    shutil.copytree(place / "fresh", root)

    def life() -> dict[str, Any]:
        with killed_at(nth, phase):
            return live(scenario, root)

    return in_child(life)


if __name__ == "__main__":
    print(json.dumps(kill_everywhere(SCENARIOS[sys.argv[1]])))
