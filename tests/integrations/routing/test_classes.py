"""Every kind of event has a class, and the table names no kind that is not one."""

from __future__ import annotations

import pytest

from forge_loop.domain.events import KINDS
from forge_loop_integrations.routing import Class, Severity, classify
from forge_loop_integrations.routing.classes import LOUDER_CHATTER, NEEDS_HUMAN, OUTCOMES
from forge_loop_integrations.routing.matters import CLOSING, OF_AN_ISSUE
from forge_loop_integrations.wording import WORDINGS

NAMES = {kind.kind for kind in KINDS}


def test_every_kind_in_every_table_is_an_event() -> None:
    closing = set(CLOSING) | {kind for kinds in CLOSING.values() for kind in kinds}
    named = {*NEEDS_HUMAN, *OUTCOMES, *LOUDER_CHATTER, *OF_AN_ISSUE, *closing, *WORDINGS}
    assert named - NAMES == set()


def test_no_kind_stands_in_two_tables() -> None:
    assert set(NEEDS_HUMAN) & set(OUTCOMES) == set()
    assert (set(NEEDS_HUMAN) | set(OUTCOMES)) & set(LOUDER_CHATTER) == set()


@pytest.mark.parametrize("kind", sorted(NEEDS_HUMAN))
def test_what_waits_for_a_person_needs_one(kind: str) -> None:
    assert classify(kind, {}) == (Class.NEEDS_HUMAN, NEEDS_HUMAN[kind])


@pytest.mark.parametrize("kind", sorted(NAMES - set(NEEDS_HUMAN) - set(OUTCOMES)))
def test_every_other_kind_is_chatter(kind: str) -> None:
    assert classify(kind, {})[0] is Class.CHATTER


def test_a_kind_of_a_newer_loop_is_chatter() -> None:
    assert classify("moon.risen", {}) == (Class.CHATTER, Severity.INFO)


@pytest.mark.parametrize(
    ("status", "of", "severity"),
    [
        ("succeeded", Class.OUTCOME, Severity.INFO),
        ("failed", Class.NEEDS_HUMAN, Severity.CRITICAL),
        ("timed_out", Class.NEEDS_HUMAN, Severity.CRITICAL),
        ("unknown", Class.NEEDS_HUMAN, Severity.CRITICAL),
    ],
)
def test_a_deploy_that_did_not_succeed_needs_a_person(status: str, of: Class, severity: Severity) -> None:
    assert classify("deploy.finished", {"status": status}) == (of, severity)
