"""F5: TERM, INT and HUP in every phase of a job: an end within 15 seconds, nothing left, and the rest later."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from forge_loop.cli.stopping import Stopping
from forge_loop.runner import Until, effect_kinds, effects
from forge_loop.runner.effect_kinds import EffectKind
from support.command_line import Place
from support.fault_loop import WAIT, HeldLoop, finish, held_loop, running
from support.kill_points import SCENARIOS, in_child, lay_out, live, open_scenario

SIGNALS = (signal.SIGTERM, signal.SIGINT, signal.SIGHUP)
PHASES = ("the worker thinks", "the worker's tool runs", "checking", "the critic thinks", "nothing to do")
WITHIN = 15.0
EFFECTS = 7
SLOW = 1.0


def end_by(loop: HeldLoop, number: signal.Signals) -> float:
    """Hold a loop in its phase, send the signal; how long it took to end."""
    with running(loop.start()) as process:
        wait_for_phase(loop)
        began = time.monotonic()
        process.send_signal(number)
        _, complaint = process.communicate(timeout=WAIT)
        took = time.monotonic() - began
    assert process.returncode == (130 if number is signal.SIGINT else 0), complaint
    return took


def wait_for_phase(loop: HeldLoop) -> None:
    if loop.phase != "nothing to do":
        loop.held()
        return
    loop.go.set()
    loop.until(lambda: '"job.merged"' in read(loop.place.layout.events), "it was not merged")


def read(path: Path) -> str:
    return path.read_text() if path.exists() else ""


def play(place: Place, phase: str, number: signal.Signals) -> float:
    with held_loop(place, phase) as loop:
        took = end_by(loop, number)
        left = loop.processes()
        print(f"F5 {number.name} while {phase}: fired, ended in {took:.1f} s, {len(left)} processes left")
        assert left == []
        assert took < WITHIN
        finish(loop)
        charged = [job.attempts for job in jobs(place)]
        assert charged == [0]
        return took


def jobs(place: Place) -> list[Any]:
    with place.store() as store:
        return store.jobs.select()


@pytest.mark.timeout(300)
@pytest.mark.parametrize(("phase", "number"), [(phase, SIGNALS[at % 3]) for at, phase in enumerate(PHASES)])
def test_a_signal_ends_the_loop_in_time_and_the_next_one_finishes(
    place: Place, phase: str, number: signal.Signals
) -> None:
    play(place, phase, number)


@pytest.mark.long
@pytest.mark.timeout(300)
@pytest.mark.parametrize(
    ("phase", "number"),
    [(phase, number) for at, phase in enumerate(PHASES) for number in SIGNALS if number is not SIGNALS[at % 3]],
)
def test_every_other_signal_ends_it_too(place: Place, phase: str, number: signal.Signals) -> None:
    play(place, phase, number)


@pytest.mark.timeout(300)
def test_a_terminal_that_is_closed_ends_the_loop_in_order(place: Place) -> None:
    """Not only the signal: every write to that terminal fails from then on."""
    with held_loop(place, "nothing to do") as loop:
        master, terminal = os.openpty()
        words = ["-m", "forge_loop", "run", "-C", str(place.project), "--state-dir", str(place.state)]
        process = subprocess.Popen(
            [shutil.which("setsid") or "setsid", "--ctty", "--wait", sys.executable, *words],
            env=loop.environ("off"),
            stdin=terminal,
            stdout=terminal,
            stderr=terminal,
        )
        os.close(terminal)
        try:
            loop.until(lambda: b"loop.started" in os.read(master, 65536), "it never started")
            os.close(master)
            process.wait(WAIT)
        finally:
            process.kill()
            process.wait(WAIT)
        lines = read(place.layout.events).splitlines()
        assert '"loop.stopped"' in lines[-1], lines[-3:]
        finish(loop)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("number", [SIGNALS[0], *(pytest.param(each, marks=pytest.mark.long) for each in SIGNALS[1:])])
def test_a_signal_during_any_effect_lets_it_end_and_the_next_life_finishes(quick: Path, number: signal.Signals) -> None:
    scenario = SCENARIOS["merged"]
    lay_out(scenario, quick / "fresh")
    fired, slowest, bad = 0, 0.0, []
    for nth in range(1, EFFECTS + 1):
        root = quick / "life"
        shutil.copytree(quick / "fresh", root)
        life = in_child(lambda nth=nth, root=root: signalled_life(root, nth, number))  # type: ignore[misc]
        fired += life["heard"] == number.name
        slowest = max(slowest, life["seconds"])
        bad += [f"effect {nth}: {text}" for text in in_child(lambda: live(scenario, quick / "life"))["violations"]]
        shutil.rmtree(root)
    print(f"F5 {number.name} during an effect: {fired} of {EFFECTS} fired, ended within {slowest:.1f} s")
    assert bad == []
    assert fired == EFFECTS
    assert slowest < WITHIN


def signalled_life(root: Path, nth: int, number: signal.Signals) -> dict[str, Any]:
    """One life whose nth effect is slow, and is under way when the signal comes."""
    world = open_scenario(SCENARIOS["merged"], root)
    count, sent = 0, [0.0]

    def wrap(kind: EffectKind) -> EffectKind:
        def act(context: Any, detail: Any) -> Any:
            nonlocal count
            count += 1
            if count == nth:
                sent[0] = time.monotonic()
                os.kill(os.getpid(), number)
                time.sleep(SLOW)
            return kind.act(context, detail)

        return EffectKind(look=kind.look, act=act, tells=kind.tells)

    setattr(effects, "KINDS", {name: wrap(kind) for name, kind in effect_kinds.KINDS.items()})  # noqa: B010
    with Stopping(world.runner.stop):
        world.runner.run(Until(idle=True))
    heard = world.events()[-1].data["reason"]
    world.close()
    return {"heard": heard, "seconds": time.monotonic() - sent[0]}
