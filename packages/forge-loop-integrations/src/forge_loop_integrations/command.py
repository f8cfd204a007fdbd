"""`forge-loop notify`: try, look at and steer messages to chat and webhooks.

Owns: its words and what is printed. Must not: send but for a test message; the loop's senders do.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from difflib import get_close_matches
from typing import Any

import click

from forge_loop import OperatorError
from forge_loop.extension import (
    Database,
    Invocation,
    Project,
    as_json,
    find_project,
    prepare_state_directory,
    rfc3339,
    shared,
    writing,
)
from forge_loop_integrations.channels import Answer, Delivered
from forge_loop_integrations.outbox.box import open_database
from forge_loop_integrations.outbox.desk import Desk, kinds_of
from forge_loop_integrations.outbox.rows import Message, SinkRow, State
from forge_loop_integrations.policy import NAMES
from forge_loop_integrations.routing import Matter, Plan, Subject, classify, matter_of, plan
from forge_loop_integrations.sink import OutboxSink, now
from forge_loop_integrations.sinks import sinks_of
from forge_loop_integrations.trial import trial_matter, trial_message

FAILED = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Place:
    """The project's sinks, and its outbox."""

    project: Project
    sinks: dict[str, OutboxSink]
    database: Database
    desk: Desk

    def sink(self, name: str) -> OutboxSink:
        if name not in self.sinks:
            near = get_close_matches(name, self.sinks, n=1)
            meant = f", did you mean {near[0]!r}?" if near else ""
            raise OperatorError(f"no sink {name!r} is configured{meant}", hint="forge-loop notify sinks")
        return self.sinks[name]


def configured(given: Invocation) -> tuple[Project, dict[str, OutboxSink]]:
    """The project and its sinks. Raises ConfigError, OperatorError where none is configured."""
    project = find_project(given)
    sinks = sinks_of(project.settings, project.layout.root, given.environ)
    if not sinks:
        raise OperatorError(
            "no sink is configured", hint="sinks: {slack: ...}, {discord: ...} or {webhook: ...} in forge-loop.yaml"
        )
    return project, sinks


@contextmanager
def opened(given: Invocation) -> Iterator[Place]:
    project, sinks = configured(given)
    prepare_state_directory(project.layout.root)
    database = open_database(project.layout.root)
    try:
        yield Place(project=project, sinks=sinks, database=database, desk=Desk(database))
    finally:
        database.close()


@click.group()
@shared
def command() -> None:
    """Try, look at and steer messages to chat and webhooks."""


@command.command()
@as_json
@shared
@click.pass_obj
def sinks(given: Invocation) -> None:
    """The configured sinks: what each can do, what waits, what is wrong."""
    with opened(given) as place:
        begun = {row.name: (row, waiting) for row, waiting in place.desk.sinks()}
        shown = [_sink_shape(sink, *begun.get(name, (None, 0))) for name, sink in place.sinks.items()]
    if given.json:
        given.output.document({"sinks": shown})
        return
    given.output.table(
        ("sink", "state", "waiting", "last sent", "about"),
        [(each["name"], _state(each), each["waiting"], each["last_sent_at"], each["about"]) for each in shown],
    )


@command.command(name="list")
@click.option("--sink", metavar="NAME", help="Only this sink's.")
@click.option("--state", type=click.Choice([str(each) for each in State]), help="Only those in this state.")
@click.option("-n", "limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
@as_json
@shared
@click.pass_obj
def list_(given: Invocation, sink: str | None, state: str | None, limit: int) -> None:
    """The newest messages, the newest first."""
    with opened(given) as place:
        if sink is not None:
            place.sink(sink)
        found = place.desk.messages(sink=sink, state=State(state) if state else None, limit=limit)
    if given.json:
        given.output.document({"messages": [_message_shape(each) for each in found]})
        return
    given.output.table(
        ("message", "sink", "state", "attempts", "about", "what"),
        [
            (each.id, each.sink, each.state, each.attempts, each.matter, f"{kinds_of(each)} {each.error or ''}".strip())
            for each in found
        ],
    )


@command.command()
@click.argument("message")
@as_json
@shared
@click.pass_obj
def log(given: Invocation, message: str) -> None:
    """Every attempt at MESSAGE."""
    with opened(given) as place:
        found = place.desk.message(message)
        attempts = place.desk.deliveries(found.id)
    if given.json:
        shape = [{**each, "at": _moment(each["at"])} for each in attempts]
        given.output.document({"message": _message_shape(found), "deliveries": shape})
        return
    given.output.table(
        ("attempt", "at", "seconds", "result", "status", "error"),
        [(e["attempt"], _moment(e["at"]), e["seconds"], e["result"], e["status"], e["error"]) for e in attempts],
    )


@command.command()
@click.option("--sink", metavar="NAME", help="Only this one; else every configured sink.")
@click.option("--dry-run", is_flag=True, help="Say what would be tried, and send nothing.")
@as_json
@shared
@click.pass_obj
def test(given: Invocation, sink: str | None, dry_run: bool) -> int:
    """Send a test message now, and say what the receiver answers. Exit 1 if one does not take it."""
    with opened(given) as place:
        chosen = {sink: place.sink(sink)} if sink is not None else place.sinks
        answers = {name: None if dry_run else _try(place, each) for name, each in chosen.items()}
    rows = [_answer_shape(name, chosen[name].about, answer) for name, answer in answers.items()]
    if given.json:
        given.output.document({"sinks": rows})
    else:
        given.output.table(("sink", "result", "about"), [(e["sink"], e["result"], e["about"]) for e in rows])
    return FAILED if any(answer is not None and not isinstance(answer, Delivered) for answer in answers.values()) else 0


@command.command()
@click.argument("messages", nargs=-1)
@click.option("--dead", is_flag=True, help="Every dead message.")
@click.option("--sink", metavar="NAME", help="With --dead: only this sink's.")
@as_json
@shared
@click.pass_obj
def redeliver(given: Invocation, messages: tuple[str, ...], dead: bool, sink: str | None) -> None:
    """Send MESSAGES again, under the ids they have: a receiver that knows one can drop it."""
    if bool(messages) == dead:
        raise OperatorError("name messages, or give --dead", hint="forge-loop notify list --state dead")
    with opened(given) as place:
        if sink is not None:
            place.sink(sink)
        if dead:
            found = place.desk.messages(sink=sink, state=State.DEAD, limit=-1)
        else:
            found = [place.desk.message(each) for each in messages]
        place.desk.redeliver([each.number for each in found], now().timestamp())
        _heard(place)
    if given.json:
        given.output.document({"redelivered": [each.id for each in found]})
    else:
        given.output.data(f"{len(found)} to be sent again by the loop")


@command.command()
@click.argument("sink")
@click.option("--reason", default="", metavar="TEXT", help="Shown by notify sinks.")
@as_json
@shared
@click.pass_obj
def pause(given: Invocation, sink: str, reason: str) -> None:
    """Send nothing to SINK until it is resumed. What happens meanwhile is kept."""
    with opened(given) as place:
        place.sink(sink)
        place.desk.pause(sink, reason)
        _heard(place)
    _told(given, sink, "paused", "paused: messages are kept")


@command.command()
@click.argument("sink")
@as_json
@shared
@click.pass_obj
def resume(given: Invocation, sink: str) -> None:
    """Send to SINK again, also after its receiver said that it wants nothing more."""
    with opened(given) as place:
        place.sink(sink)
        place.desk.resume(sink)
        _heard(place)
    _told(given, sink, "resumed", "resumed: what waits is sent by the loop")


@command.command()
@click.option("--sink", metavar="NAME", help="Only this sink's.")
@click.option("--explain", metavar="KIND", help="What becomes of an event of this kind, now.")
@click.option("--label", "labels", multiple=True, metavar="LABEL", help="With --explain: the issue carries it.")
@as_json
@shared
@click.pass_obj
def routes(given: Invocation, sink: str | None, explain: str | None, labels: tuple[str, ...]) -> None:
    """The routes in their order, or what they decide for one KIND of event."""
    _, found = configured(given)
    if sink is not None and sink not in found:
        raise OperatorError(f"no sink {sink!r} is configured", hint="forge-loop notify sinks")
    chosen = {name: each for name, each in found.items() if sink in (None, name)}
    if explain is not None:
        _explain(given, chosen, _known_kind(explain), labels)
        return
    rows = [(name, index, route) for name, each in chosen.items() for index, route in enumerate(each.policy.routes)]
    if given.json:
        shape = [{"sink": name, "route": index, "text": route.describe()} for name, index, route in rows]
        given.output.document({"routes": shape})
        return
    given.output.table(("sink", "route", "says"), [(name, index, route.describe()) for name, index, route in rows])


def _explain(given: Invocation, chosen: dict[str, OutboxSink], kind: str, labels: tuple[str, ...]) -> None:
    of, severity = classify(kind, {})
    matter = Matter(key=matter_of(kind, 1, {}), labels=labels)
    subject = Subject(kind=kind, of=of, severity=severity)
    plans = {name: plan(each.policy, subject, matter, now()) for name, each in chosen.items()}
    if given.json:
        shape = {
            "kind": kind,
            "class": str(of),
            "severity": severity.word,
            "sinks": [_plan_shape(name, found) for name, found in plans.items()],
        }
        given.output.document(shape)
        return
    given.output.say(f"{kind}: {of}, {severity.word}")
    given.output.table(
        ("sink", "send", "when", "because"),
        [(name, found.send, _when(found), found.reason) for name, found in plans.items()],
    )


def _known_kind(kind: str) -> str:
    if kind in NAMES:
        return kind
    near = get_close_matches(kind, NAMES, n=1, cutoff=0.4)
    meant = f", did you mean {near[0]!r}?" if near else ""
    raise OperatorError(f"there is no event {kind!r}{meant}", hint="docs/events.md lists them")


def _try(place: Place, sink: OutboxSink) -> Answer:
    channel = sink.trial(place.database)
    try:
        return channel.deliver(trial_message(sink.name, now()), trial_matter(), lambda _remote: None)
    finally:
        channel.close()


def _heard(place: Place) -> None:
    """Wake the loop, if there is one: its senders hear at its next tick."""
    if place.project.layout.database.is_file():
        with writing(place.project) as (_, database):
            database.wake()


def _told(given: Invocation, sink: str, state: str, sentence: str) -> None:
    if given.json:
        given.output.document({"sink": sink, "state": state})
    else:
        given.output.data(f"{sink} is {sentence}")


def _sink_shape(sink: OutboxSink, row: SinkRow | None, waiting: int) -> dict[str, Any]:
    return {
        "name": sink.name,
        "about": sink.about,
        "begun": row is not None,
        "waiting": waiting,
        "obstacle": row.obstacle if row else None,
        "stopped": row.stopped if row else None,
        "stopped_by": row.stopped_by if row else None,
        "failures": row.failures if row else 0,
        "last_error": row.last_error if row else None,
        "last_sent_at": _moment(row.last_sent_at) if row else None,
    }


def _state(shape: dict[str, Any]) -> str:
    return "begins with the loop" if not shape["begun"] else shape["obstacle"] or "well"


def _message_shape(message: Message) -> dict[str, Any]:
    return {
        "id": message.id,
        "sink": message.sink,
        "matter": message.matter,
        "class": str(message.of),
        "purpose": str(message.purpose),
        "state": str(message.state),
        "hold": str(message.hold),
        "attempts": message.attempts,
        "created_at": _moment(message.created_at),
        "not_before": _moment(message.not_before),
        "ended_at": _moment(message.ended_at),
        "error": message.error,
        "events": [
            {"seq": entry.seq, "kind": entry.kind, "issue": entry.issue, "headline": entry.headline}
            for entry in message.entries
        ],
    }


def _answer_shape(name: str, about: str, answer: Answer | None) -> dict[str, Any]:
    if answer is None:
        result = "would be tried"
    elif isinstance(answer, Delivered):
        result = "delivered"
    else:
        result = f"{type(answer).__name__.lower()}: {answer.reason}"
    return {"sink": name, "about": about, "result": result, "delivered": isinstance(answer, Delivered)}


def _plan_shape(name: str, found: Plan) -> dict[str, Any]:
    return {"sink": name, "send": str(found.send), "not_before": rfc3339(found.not_before), "because": found.reason}


def _when(found: Plan) -> str:
    if str(found.send) == "off":
        return "never"
    return {"": "at once", "quiet": "after the quiet hours"}.get(str(found.hold), "") or rfc3339(found.not_before)


def _moment(seconds: float | None) -> str | None:
    return rfc3339(datetime.fromtimestamp(seconds, UTC)) if seconds is not None else None
