"""A scripted night of the real runner, in which the receiver dies and returns: it misses nothing, and what it has
acknowledged does not come again."""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from forge_loop.domain.recorded import Recorded
from forge_loop.domain.session import Role
from forge_loop_integrations.routing import Send, choose, classify
from forge_loop_integrations.secret import Secret
from forge_loop_integrations.sink import OutboxSink
from forge_loop_integrations.webhook import WebhookChannel
from support.fake_agents import Script
from support.messages import policy
from support.receivers import Receiver, Reply, Request, in_turn, receiving
from support.runner_world import (
    APPROVAL,
    TestClock,
    World,
    approve,
    approves,
    commits,
    done,
    open_world,
    script,
)

SECRET = "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx"
TAKEN = Reply(status=204)
BLOCKS = {**APPROVAL, "overall": "block", "findings": [
    {"severity": "sev1", "category": "security", "file": None, "line": None, "message": "no"}
]}  # fmt: skip


class Night:
    """One state directory over several lives of the loop. `acknowledged` is every request that was answered 2xx."""

    def __init__(self, root: Path, receiver: Receiver) -> None:
        self.root = root
        self.clock = TestClock()
        self.receiver = receiver
        self.url = receiver.url
        self.acknowledged: list[Request] = []
        self._number = 0

    def live(self, titles: Sequence[str], *, critic: Script | None = None) -> list[Recorded]:
        """The loop runs until it rests; every event there is."""
        self._number += 1
        scripts = {
            Role.WORKER: script(commits({f"life-{self._number}.txt": "Hello.\n"})),
            Role.CRITIC: critic or script(approves),
        }
        world = open_world(self.root, scripts, clock=self.clock)
        sink = self._sink(world)
        world.context.sinks = (sink,)
        try:
            for title in titles:
                approve(world, title)
            world.run()
            return world.events()
        finally:
            world.close()

    def answer(self, *replies: Reply) -> None:
        following = in_turn(*replies)

        def keep(request: Request) -> Reply:
            reply = following(request)
            if not reply.fault and 200 <= reply.status < 300:
                self.acknowledged.append(request)
            return reply

        self.receiver.answer = keep

    def _sink(self, world: World) -> OutboxSink:
        environ = {"URL": self.url, "SECRET": SECRET}

        def channel(_outbox: object, _wake: object) -> WebhookChannel:
            return WebhookChannel(
                url=Secret("env:URL"), secrets=(Secret("env:SECRET"),), environ=environ, private=True, timeout=2.0
            )

        sink = OutboxSink(policy(), world.layout.root, channel, about="", clock=self.clock.now)
        sink.close_seconds = 4.0
        return sink


@pytest.fixture
def night(tmp_path: Path) -> Iterator[Night]:
    with receiving(in_turn(TAKEN)) as receiver:
        night = Night(tmp_path, receiver)
        night.answer(TAKEN)
        yield night
        night.receiver.close()


def to_be_told(events: Sequence[Recorded]) -> list[int]:
    """What the default routes send. A sink is not told of itself."""
    found = []
    for event in events:
        if event.data.get("sink") == "webhook":
            continue
        of, severity = classify(event.kind, event.data)
        route = choose(policy().routes, event.kind, of, severity, ())
        if route is not None and route[1].send is not Send.OFF:
            found.append(event.seq)
    return found


def told(requests: Sequence[Request]) -> list[int]:
    """The events in messages of events; a repetition of what is unresolved is a message of its own."""
    found: list[int] = []
    for request in requests:
        Webhook(SECRET).verify(request.body, dict(request.headers))
        body = request.json
        if body["type"] == "notification.repeated":
            continue
        found += [event["seq"] for event in body["data"].get("events", [body["data"]])]
    return found


def test_a_receiver_that_dies_and_returns_misses_nothing_and_gets_nothing_twice(night: Night) -> None:
    night.live(["First"])
    assert len(night.acknowledged) > 0

    night.receiver.close()  # it dies; the loop goes on, ends, and starts again
    night.clock.ahead += timedelta(hours=1)
    began = time.monotonic()
    night.live(["Second", "Third"])
    events = night.live(["Fourth"], critic=script(lambda order: done(order, BLOCKS)))
    assert time.monotonic() - began < 40, "nothing waits for it"
    assert {event.kind for event in events} >= {"job.merged", "job.handed_over"}

    port = night.receiver.port
    night.receiver = Receiver(in_turn(TAKEN), port=port)  # it returns, and is not well
    night.answer(
        Reply(status=500), Reply(fault="hang"), Reply(status=302, headers={"location": "/x"}), Reply(fault="drop"),
        Reply(status=429, headers={"retry-after": "1"}), TAKEN, Reply(status=503), TAKEN,
    )  # fmt: skip
    for _ in range(8):
        night.clock.ahead += timedelta(minutes=10)
        night.live([])
    night.clock.ahead += timedelta(hours=2)
    events = night.live([])
    expected = to_be_told(events)
    assert sorted(told(night.acknowledged)) == expected, "all of it, and nothing twice"
    ids = [request.headers["webhook-id"] for request in night.acknowledged]
    assert len(ids) == len(set(ids))
    refused = [request.headers["webhook-id"] for request in night.receiver.requests]
    assert set(refused) <= set(ids), "what was not taken came again, under the same id"
