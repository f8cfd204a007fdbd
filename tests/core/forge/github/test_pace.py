"""Requests go one at a time, writes a second apart, and never before GitHub's own time."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Iterator, Mapping
from email.utils import format_datetime
from typing import Any

import pytest

from forge_loop.errors import UnreadableError
from forge_loop.forge.github import Client, Wire, place_of
from forge_loop.forge.github.pace import BETWEEN_WRITES, LONGEST_WAIT, Pace
from forge_loop.forge.github.wire import Raw
from support.fake_github import FakeGitHub, Fault, FaultKind, serving
from support.fake_github.faults import SECONDARY
from support.github_parts import READY, Parts, parts_of
from support.simulated_clock import SimulatedClock


@pytest.fixture
def clock() -> SimulatedClock:
    return SimulatedClock()


@pytest.fixture
def pauses() -> list[float]:
    return []


@pytest.fixture
def pace(clock: SimulatedClock, pauses: list[float]) -> Pace:
    def pause(seconds: float) -> None:
        pauses.append(seconds)
        clock.advance(seconds)

    return Pace(clock, pause)


def test_writes_are_a_second_apart_and_reads_are_not(pace: Pace, clock: SimulatedClock, pauses: list[float]) -> None:
    for _ in range(3):
        pace.before_write()
        pace.after_write()
        pace.check()
    assert pauses == [pytest.approx(BETWEEN_WRITES, abs=0.01)] * 2
    clock.advance(0.4)
    pace.before_write()
    assert pauses[2] == pytest.approx(0.6, abs=0.01)
    pace.after_write()
    clock.advance(5)
    pace.before_write()
    assert len(pauses) == 3


@pytest.fixture
def parts(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[FakeGitHub, Parts]]:
    with serving(tmp_path_factory.mktemp("hub")) as hub:
        made = parts_of(hub)
        yield hub, made
        made.close()


def test_what_the_adapters_write_goes_out_a_second_apart(parts: tuple[FakeGitHub, Parts]) -> None:
    hub, made = parts
    number = hub.person_adds("First", "text")
    times: list[float] = []
    hub.watch(lambda seen: times.append(made.clock.monotonic()) if seen.method != "GET" else None)
    for name in ("a", "b", "c"):
        made.tracker.add_label(number, name)
    made.tracker.post_note(number, "job-1", "a word")
    made.tracker.close(number, "done")
    assert len(times) == 5
    assert all(after - before >= BETWEEN_WRITES for before, after in itertools.pairwise(times))


class Nested:
    """A wire that, while its first request is on the way, has another thread ask."""

    def __init__(self) -> None:
        self.client: Client | None = None
        self.calls = 0
        self.other: threading.Thread | None = None
        self.waited = False

    def send(self, method: str, url: str, **_: Any) -> Raw:
        self.calls += 1
        if self.other is None and self.client is not None:
            self.other = threading.Thread(target=self.client.get, args=("/user",))
            self.other.start()
            self.other.join(0.2)
            self.waited = self.other.is_alive() and self.calls == 1
        return Raw(status=200, headers={}, body=b"{}", url=url)


def test_requests_of_several_threads_go_one_at_a_time(clock: SimulatedClock) -> None:
    wire: Any = Nested()
    wire.client = Client(place_of("https://github.com", "octo/sample"), wire, clock, pause=clock.advance)
    wire.client.get("/user")
    wire.other.join(10)
    assert (wire.waited, wire.calls) == (True, 2)


def told(clock: SimulatedClock, **headers: str) -> Mapping[str, str]:
    return {"date": format_datetime(clock.now(), usegmt=True), **{k.replace("_", "-"): v for k, v in headers.items()}}


def closed_for(pace: Pace, clock: SimulatedClock) -> float:
    """After how many seconds the next request may be sent."""
    waited = 0.0
    while waited < 10_000:
        try:
            pace.check()
        except UnreadableError:
            clock.advance(1)
            waited += 1
        else:
            return waited
    raise AssertionError("it never opens")


def test_a_limit_without_a_time_is_waited_for_twice_as_long_each_time(pace: Pace, clock: SimulatedClock) -> None:
    waits = []
    for _ in range(8):
        assert pace.heard(429, told(clock), "")
        waits.append(closed_for(pace, clock))
    assert waits == pytest.approx([60, 120, 240, 480, 960, 1920, LONGEST_WAIT, LONGEST_WAIT], rel=0.01)
    pace.heard(200, told(clock), "")
    pace.heard(429, told(clock), "")
    assert closed_for(pace, clock) == 60


def test_the_reset_of_the_hour_is_measured_by_githubs_own_clock(pace: Pace, clock: SimulatedClock) -> None:
    reset = str(int(clock.now().timestamp()) + 77)
    assert pace.heard(403, told(clock, x_ratelimit_remaining="0", x_ratelimit_reset=reset), "API rate limit exceeded")
    assert closed_for(pace, clock) == pytest.approx(77, abs=1)


@pytest.mark.parametrize("text", ["", "Resource not accessible by personal access token"])
def test_a_permission_that_lacks_is_no_limit(pace: Pace, clock: SimulatedClock, text: str) -> None:
    assert not pace.heard(403, told(clock, x_ratelimit_remaining="4000"), text)
    pace.check()


def test_a_fifth_of_the_hour_is_kept_for_what_is_under_way(pace: Pace, clock: SimulatedClock) -> None:
    reset = str(int(clock.now().timestamp()) + 600)
    pace.heard(200, told(clock, x_ratelimit_limit="5000", x_ratelimit_remaining="999", x_ratelimit_reset=reset), "")
    pace.check()
    with pytest.raises(UnreadableError, match="new issues are looked for again at"):
        pace.check(polling=True)
    clock.advance(601)
    pace.check(polling=True)


GRAPH_LIMITS: list[tuple[dict[str, str], str, float]] = [
    ({"x-ratelimit-remaining": "0", "x-ratelimit-resource": "graphql"}, "RATE_LIMITED", 300),
    ({}, "secondary", 60),
    ({"Retry-After": "90"}, "secondary", 90),
]


@pytest.mark.parametrize(("headers", "kind", "seconds"), GRAPH_LIMITS)
@pytest.mark.parametrize("writes", [False, True])
def test_a_limit_of_graphql_comes_with_status_200_and_is_waited_for(
    parts: tuple[FakeGitHub, Parts], headers: dict[str, str], kind: str, seconds: float, writes: bool
) -> None:
    """Only what needs GraphQL waits."""
    hub, made = parts
    number = hub.person_adds("First", "text", labels=(READY,))
    hub.person_pushes("forge/1-1", {"a": "1"})
    pull = hub.person_opens_pull_request("forge/1-1")
    hub.pulled(pull)[1].draft = True

    def ask() -> None:
        if writes:
            made.host.conversation().mark_ready(pull)
        else:
            made.tracker.issue(number)

    made.repository.me()
    reset = str(int(hub.state.now().timestamp()) + 300)
    said = {"type": kind, "message": "API rate limit exceeded" if kind == "RATE_LIMITED" else SECONDARY["message"]}
    limit = Fault(
        kind=FaultKind.STATUS,
        path="/graphql$",
        status=200,
        headers={**headers, "x-ratelimit-reset": reset},
        body={"data": None, "errors": [said]},
        times=50,
    )
    hub.faults.add(limit)
    for wait in (0.0, seconds - 8):
        made.clock.advance(wait)
        with pytest.raises(UnreadableError, match="limit for GraphQL is used up"):
            ask()
    assert limit.met == 1
    assert made.host.pull_request(pull).draft
    hub.faults.clear()
    made.clock.advance(12)
    ask()
    assert hub.pulled(pull)[1].draft is not writes


def test_the_budget_of_searches_says_nothing_of_the_rest(pace: Pace, clock: SimulatedClock) -> None:
    pace.heard(200, told(clock, x_ratelimit_limit="30", x_ratelimit_remaining="0", x_ratelimit_resource="search"), "")
    pace.check(polling=True)


def test_the_real_wire_says_who_it_is(parts: tuple[FakeGitHub, Parts]) -> None:
    hub, made = parts
    assert isinstance(Wire(hub.token), Wire)
    made.repository.me()
    (seen,) = hub.requests
    assert seen.headers["user-agent"].startswith("forge-loop/")
    assert seen.headers["accept"] == "application/vnd.github+json"
