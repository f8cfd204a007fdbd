"""What becomes of one event in one sink, over every combination that matters."""

from __future__ import annotations

from datetime import datetime, time, timedelta

import pytest

from forge_loop_integrations.routing import (
    Class,
    Hold,
    Matter,
    Plan,
    Policy,
    Quiet,
    Route,
    Send,
    Severity,
    Subject,
    closes,
    matter_of,
    plan,
    silent,
)
from forge_loop_integrations.routing.routes import DEFAULT_ROUTES, REPEAT_SECONDS
from support.messages import START, UTC_ZONE, policy

NIGHT = Quiet(start=time(11), end=time(14), zone=UTC_ZONE)  # START is 12:00
HANDED_OVER = Subject(kind="job.handed_over", of=Class.NEEDS_HUMAN, severity=Severity.WARNING)
MERGED = Subject(kind="job.merged", of=Class.OUTCOME, severity=Severity.INFO)
CLAIMED = Subject(kind="job.claimed", of=Class.CHATTER, severity=Severity.INFO)
ISSUE = Matter(key="issue:42")
OPEN = Matter(key="issue:42", opened_by="job.handed_over")


def planned(subject: Subject, matter: Matter = ISSUE, *, at: datetime = START, **own: object) -> Plan:
    return plan(policy(**own), subject, matter, at)


def first(*routes: Route) -> tuple[Route, ...]:
    return (*routes, *DEFAULT_ROUTES)


def test_what_needs_a_person_is_told_at_once_and_again_until_it_is_over() -> None:
    found = planned(HANDED_OVER)
    assert (found.send, found.hold, found.not_before) == (Send.NOW, Hold.NONE, START)
    assert (found.opens, found.repeat) == (True, REPEAT_SECONDS)


def test_an_outcome_waits_a_little_for_others() -> None:
    found = planned(MERGED)
    assert (found.send, found.hold, found.opens) == (Send.GROUPED, Hold.GROUP, False)
    assert found.not_before == START + timedelta(seconds=30)


def test_chatter_is_off() -> None:
    assert planned(CLAIMED).send is Send.OFF


@pytest.mark.parametrize(
    ("routes", "found"),
    [
        (DEFAULT_ROUTES, True),
        ((), True),
        ((Route(send=Send.NOW),), False),
        ((Route(kinds=("job.*",), labels=("p0",), send=Send.NOW), Route(send=Send.OFF)), False),
        ((Route(labels=("p0",), send=Send.OFF), Route(send=Send.NOW)), False),
        ((Route(kinds=("job.claimed",), send=Send.OFF), Route(send=Send.NOW)), True),
        ((Route(severity=Severity.WARNING, send=Send.NOW), Route(send=Send.OFF)), True),
    ],
)
def test_what_is_silent_is_sent_with_no_labels_at_all(routes: tuple[Route, ...], found: bool) -> None:
    assert silent(routes, CLAIMED.kind, CLAIMED.of, CLAIMED.severity) is found
    for labels in ((), ("p0",), ("other",)):
        sent = planned(CLAIMED, Matter(key="issue:42", labels=labels), routes=routes).send is not Send.OFF
        assert not (found and sent)


def test_without_a_route_nothing_is_sent() -> None:
    found = planned(HANDED_OVER, routes=())
    assert (found.send, found.reason) == (Send.OFF, "no route matches")


def test_the_first_route_that_matches_decides() -> None:
    routes = first(Route(kinds=("job.*",), send=Send.OFF), Route(kinds=("job.merged",), send=Send.NOW))
    assert planned(MERGED, routes=routes).send is Send.OFF
    assert planned(MERGED, routes=routes).reason == "route 0: job.*: off"


@pytest.mark.parametrize(
    ("route", "matches"),
    [
        (Route(send=Send.NOW), True),
        (Route(kinds=("job.claimed",), send=Send.NOW), True),
        (Route(kinds=("job.merged", "job.cl*"), send=Send.NOW), True),
        (Route(kinds=("attempt.*",), send=Send.NOW), False),
        (Route(classes=(Class.CHATTER,), send=Send.NOW), True),
        (Route(classes=(Class.OUTCOME, Class.NEEDS_HUMAN), send=Send.NOW), False),
        (Route(severity=Severity.WARNING, send=Send.NOW), False),
        (Route(severity=Severity.INFO, send=Send.NOW), True),
        (Route(labels=("area:*",), send=Send.NOW), True),
        (Route(labels=("p0",), send=Send.NOW), False),
        (Route(kinds=("job.*",), labels=("p0",), send=Send.NOW), False),
        (Route(kinds=("job.*",), labels=("area:docs",), send=Send.NOW), True),
    ],
)
def test_a_route_matches_if_all_that_it_says_holds(route: Route, matches: bool) -> None:
    found = planned(CLAIMED, Matter(key="issue:42", labels=("area:docs",)), routes=first(route))
    assert (found.send is Send.NOW) is matches


@pytest.mark.parametrize("severity", list(Severity))
def test_a_route_for_a_severity_takes_what_is_above_it(severity: Severity) -> None:
    subject = Subject(kind="job.claimed", of=Class.CHATTER, severity=severity)
    found = planned(subject, routes=first(Route(severity=Severity.WARNING, send=Send.NOW)))
    assert (found.send is Send.NOW) is (severity >= Severity.WARNING)


def test_quiet_hours_keep_an_outcome_and_let_through_what_needs_a_person() -> None:
    kept, through = planned(MERGED, quiet=NIGHT), planned(HANDED_OVER, quiet=NIGHT)
    assert (kept.hold, kept.not_before) == (Hold.QUIET, START + timedelta(hours=2))
    assert (through.hold, through.not_before) == (Hold.NONE, START)


def test_quiet_hours_can_keep_everything() -> None:
    strict = Quiet(start=NIGHT.start, end=NIGHT.end, zone=UTC_ZONE, pierce=frozenset())
    assert planned(HANDED_OVER, quiet=strict).hold is Hold.QUIET


def test_a_digest_comes_once_a_day_at_its_time() -> None:
    routes = first(Route(classes=(Class.OUTCOME,), send=Send.DIGEST))
    found = planned(MERGED, routes=routes, digest_at=time(8))
    assert (found.hold, found.not_before) == (Hold.DIGEST, START.replace(day=1, month=2, hour=8))


def test_an_update_is_neither_held_nor_does_it_ask_for_a_person() -> None:
    routes = first(Route(classes=(Class.NEEDS_HUMAN,), send=Send.UPDATE))
    found = planned(HANDED_OVER, quiet=NIGHT, routes=routes)
    assert (found.send, found.hold, found.opens) == (Send.UPDATE, Hold.NONE, False)


def test_an_outcome_that_ends_what_was_open_says_so() -> None:
    found = planned(MERGED, OPEN)
    assert (found.send, found.closes, found.resolved) == (Send.GROUPED, True, True)


@pytest.mark.parametrize("send", [Send.OFF, Send.UPDATE, Send.DIGEST])
def test_the_end_of_what_was_open_is_told_at_once_even_if_its_own_route_is_silent(send: Send) -> None:
    routes = first(Route(kinds=("job.merged",), send=send))
    found = planned(MERGED, OPEN, routes=routes, digest_at=time(8))
    assert (found.send, found.closes, found.resolved) == (Send.NOW, True, True)


def test_a_route_can_do_without_the_end() -> None:
    routes = (Route(classes=(Class.NEEDS_HUMAN,), send=Send.NOW, resolved=False), Route(send=Send.OFF))
    found = planned(MERGED, OPEN, routes=routes)
    assert (found.send, found.closes, found.resolved) == (Send.OFF, True, False)


def test_a_sink_is_never_told_of_itself() -> None:
    failed = Subject(kind="sink.failed", of=Class.NEEDS_HUMAN, severity=Severity.WARNING)
    everything = (Route(send=Send.NOW),)
    assert planned(failed, Matter(key="sink:webhook"), routes=everything).send is Send.OFF
    assert planned(failed, Matter(key="sink:slack"), routes=everything).send is Send.NOW


def test_one_notice_in_an_hour_about_the_same_sink() -> None:
    failed = Subject(kind="sink.failed", of=Class.NEEDS_HUMAN, severity=Severity.WARNING)
    told = Matter(key="sink:slack", told_at=START)
    assert planned(failed, told, at=START + timedelta(minutes=59)).send is Send.OFF
    assert planned(failed, told, at=START + timedelta(hours=1)).send is Send.NOW


@pytest.mark.parametrize(
    ("kind", "issue", "data", "matter"),
    [
        ("job.merged", 42, {}, "issue:42"),
        ("loop.halted", 42, {}, "loop"),
        ("loop.stopped", None, {}, "loop"),
        ("storage.low", None, {}, "storage"),
        ("config.rejected", None, {}, "config"),
        ("sink.failed", None, {"sink": "slack"}, "sink:slack"),
        ("maintenance.proposed", None, {}, "loop"),
        ("deploy.finished", 42, {}, "issue:42"),
    ],
)
def test_what_belongs_together_is_one_matter(kind: str, issue: int | None, data: dict[str, str], matter: str) -> None:
    assert matter_of(kind, issue, data) == matter


@pytest.mark.parametrize(
    ("kind", "opened_by", "ends"),
    [
        ("job.merged", "job.handed_over", True),
        ("job.queued", "job.given_up", True),
        ("issue.released", "issue.refused", True),
        ("job.claimed", "job.handed_over", False),
        ("issue.released", "job.handed_over", False),
        ("issue.released", "job.given_up", False),
        ("issue.approved", "job.given_up", True),
        ("issue.approved", "spec.proposed", True),
        ("loop.resumed", "loop.halted", True),
        ("loop.resumed", "loop.parked", True),
        ("loop.unparked", "loop.parked", True),
        ("loop.unparked", "loop.halted", False),
        ("loop.started", "loop.halted", False),
        ("loop.started", "loop.parked", False),
        ("config.reloaded", "config.rejected", True),
        ("sink.recovered", "sink.failed", True),
        ("loop.resumed", "config.rejected", False),
    ],
)
def test_what_ends_what(kind: str, opened_by: str, ends: bool) -> None:
    assert closes(kind, opened_by, {}) is ends


@pytest.mark.parametrize(
    ("kind", "data", "ends"),
    [
        ("node.finished", {"node_kind": "human"}, True),
        ("node.finished", {"node_kind": "command"}, False),
        ("node.started", {"node_kind": "command"}, False),
        ("job.merged", {}, True),
        ("issue.released", {}, True),
        ("job.advanced", {}, False),
    ],
)
def test_a_person_who_was_asked_before_a_merge_is_needed_until_they_answered(
    kind: str, data: dict[str, str], ends: bool
) -> None:
    assert closes(kind, "node.started", data) is ends


def test_the_default_policy_says_something_of_every_class() -> None:
    own = Policy(sink="slack", zone=UTC_ZONE)
    subjects = [Subject(kind="x.y", of=of, severity=Severity.INFO) for of in Class]
    assert [plan(own, subject, ISSUE, START).send for subject in subjects] == [Send.NOW, Send.GROUPED, Send.OFF]
