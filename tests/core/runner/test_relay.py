"""What a sink is told, from where on, and that nothing waits for one."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from forge_loop.domain.events import LoopResumed
from forge_loop.domain.recorded import Recorded
from forge_loop.domain.session import Role
from forge_loop.errors import OperatorError
from forge_loop.ports import EventSink
from forge_loop.runner.relay import SINK_BACK_OFF_SECONDS, Relay
from support.runner_world import World, approve, approves, commits, open_world, script


class Hearing(EventSink):
    """Takes what it is told; `place` is where it says it stands, `broken` what it raises."""

    def __init__(self, name: str = "hearing", *, place: int | None = None) -> None:
        self._name = name
        self.place = place
        self.heard: list[int] = []
        self.kinds: list[str] = []
        self.broken: Exception | None = None
        self.bothered: str | None = None
        self.closed = 0

    @property
    def name(self) -> str:
        return self._name

    def begin(self, newest: int) -> int:
        self._fail()
        return newest if self.place is None else self.place

    def emit(self, event: Recorded) -> None:
        self._fail()
        self.heard.append(event.seq)
        self.kinds.append(event.kind)

    def trouble(self) -> str | None:
        return self.bothered

    def close(self) -> None:
        self._fail()
        self.closed += 1

    def _fail(self) -> None:
        if self.broken is not None:
            raise self.broken


class OnlyEmit(EventSink):
    """What the least of sinks writes."""

    def __init__(self) -> None:
        self.heard: list[int] = []

    def emit(self, event: Recorded) -> None:
        self.heard.append(event.seq)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    scripts = {Role.WORKER: script(commits({"hello.txt": "Hello.\n"})), Role.CRITIC: script(approves)}
    world = open_world(tmp_path, scripts)
    yield world
    world.close()


def happen(world: World, times: int = 1) -> None:
    for _ in range(times):
        with world.context.store.transaction():
            world.context.tell(LoopResumed(reason="a test"))


def relay_to(world: World, *sinks: EventSink) -> Relay:
    world.context.sinks = sinks
    relay = Relay(world.context)
    relay.open()
    return relay


def of_sinks(world: World) -> list[tuple[str, str]]:
    return [(event.kind, event.data["sink"]) for event in world.events() if event.kind.startswith("sink.")]


def test_a_sink_without_a_place_hears_what_happens_from_the_start_on(world: World) -> None:
    happen(world, 3)
    sink = Hearing()
    relay = relay_to(world, sink)
    happen(world, 2)
    relay.relay()
    assert sink.heard == [4, 5]


def test_a_sink_that_keeps_its_place_hears_what_it_missed(world: World) -> None:
    happen(world, 3)
    sink = Hearing(place=1)
    relay_to(world, sink).relay()
    assert sink.heard == [2, 3]


def test_a_place_beyond_the_newest_event_is_of_another_history(world: World) -> None:
    happen(world, 3)
    sink = Hearing(place=900)
    relay = relay_to(world, sink)
    happen(world)
    relay.relay()
    assert sink.heard == [4]


def test_the_least_of_sinks_only_writes_emit(world: World) -> None:
    sink = OnlyEmit()
    relay = relay_to(world, sink)
    happen(world)
    relay.relay()
    relay.close()
    assert (sink.name, sink.heard) == ("OnlyEmit", [1])
    assert world.faults == []


def test_what_a_failing_sink_did_not_take_comes_again_after_its_back_off(world: World) -> None:
    sink, other = Hearing("failing"), Hearing("other")
    relay = relay_to(world, sink, other)
    happen(world)
    sink.broken = OSError("no room")
    relay.relay()
    assert sink.heard == []
    assert other.heard[0] == 1
    sink.broken = None
    relay.relay()
    assert sink.heard == [], "it is left alone for a while"
    world.clock.ahead += timedelta(seconds=SINK_BACK_OFF_SECONDS)
    relay.relay()
    assert sink.heard[0] == 1
    assert sink.heard == sorted(set(sink.heard))
    assert of_sinks(world) == [("sink.failed", "failing"), ("sink.recovered", "failing")]


def test_a_sink_that_cannot_begin_misses_nothing_of_this_loop(world: World) -> None:
    happen(world, 2)
    sink = Hearing()
    sink.broken = OSError("not yet")
    relay = relay_to(world, sink)
    happen(world)
    relay.relay()
    sink.broken = None
    world.clock.ahead += timedelta(seconds=SINK_BACK_OFF_SECONDS)
    relay.relay()
    assert sink.heard[0] == 3


def test_a_sink_in_trouble_still_hears_and_is_told_of_once(world: World) -> None:
    sink = Hearing()
    relay = relay_to(world, sink)
    sink.bothered = "the receiver answers 500"
    for _ in range(3):
        happen(world)
        relay.relay()
    assert sink.kinds.count("loop.resumed") == 3
    assert of_sinks(world) == [("sink.failed", "hearing")]
    sink.bothered = None
    relay.relay()
    assert of_sinks(world) == [("sink.failed", "hearing"), ("sink.recovered", "hearing")]


def test_a_sink_that_cannot_be_closed_is_reported_and_the_others_are_closed(world: World) -> None:
    sinks = [Hearing("first"), Hearing("second"), Hearing("third")]
    relay = relay_to(world, *sinks)
    sinks[1].broken = OSError("stuck")
    relay.close()
    assert [sink.closed for sink in sinks] == [1, 0, 1]
    assert [(place, str(error)) for place, error in world.faults] == [("sink second", "stuck")]


def test_a_loop_tells_its_sinks_of_its_start_and_of_its_end_and_closes_them(world: World) -> None:
    sink = Hearing()
    world.context.sinks = (sink,)
    approve(world, "Say hello")
    world.run()
    assert sink.kinds[0] == "loop.started"
    assert sink.kinds[-1] == "loop.stopped"
    assert sink.heard == [event.seq for event in world.events()]
    assert sink.closed == 1


def test_a_session_begins_with_what_the_sinks_tell_it_and_whatever_one_of_them_does(world: World) -> None:
    class Telling(Hearing):
        def session_variables(self, *, number: int, job: int | None) -> dict[str, str]:
            self._fail()
            return {"TRACEPARENT": f"{job}/{number}"}

    broken = Telling("broken")
    broken.broken = RuntimeError("no")
    world.context.sinks = (OnlyEmit(), Telling(), broken)
    approve(world, "Say hello")
    world.run()
    assert world.state(1) == "merged"
    assert [order.variables for order in world.agents.orders] == [{"TRACEPARENT": "1/1"}, {"TRACEPARENT": "1/2"}]
    assert [place for place, _ in world.faults if place == "sink broken"] != []
    started = [event.data["number"] for event in world.events() if event.kind == "session.started"]
    assert started == [event.data["number"] for event in world.events() if event.kind == "session.ended"] == [1, 2]


def test_an_event_file_that_is_removed_while_the_loop_runs_is_whole_again_with_the_next_event(world: World) -> None:
    relay = relay_to(world)
    happen(world)
    relay.relay()
    world.layout.events.unlink()
    relay.relay()
    happen(world)
    relay.relay()
    assert world.layout.events.read_text().splitlines() == [event.line() for event in world.events()]
    relay.close()


def test_sinks_hear_what_the_event_file_cannot_take_and_it_is_told_once_and_completed(world: World) -> None:
    hearing = Hearing()
    relay = relay_to(world, hearing)
    world.layout.events.unlink()
    world.layout.events.mkdir()
    for _ in range(2):
        happen(world)
        relay.relay()
    assert len(hearing.heard) == 2
    assert [(place, type(error)) for place, error in world.faults] == [("events.jsonl", IsADirectoryError)]
    world.layout.events.rmdir()
    relay.relay()
    assert world.layout.events.read_text().splitlines() == [event.line() for event in world.events()]
    relay.close()


def test_a_loop_does_not_start_where_its_event_file_cannot_be_written(world: World) -> None:
    world.layout.events.mkdir()
    with pytest.raises(OperatorError, match=r"events\.jsonl.* cannot be written"):
        world.run()
