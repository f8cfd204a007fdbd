"""A maintenance report is taken whole as it was asked for, or not at all."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from forge_loop.domain.proposals import (
    MOST_PROPOSALS,
    PROPOSALS_SCHEMA,
    TRIAGE_LABELS,
    ProposalKind,
    Proposed,
    done_unasked,
    parse_proposals,
)
from forge_loop.domain.review import MalformedReport
from support.json_schema import JSON, accepts, nearly, values

KNOWN = {1, 2, 3}


def entry(**changes: Any) -> dict[str, Any]:
    return {"issue": 1, "kind": "stale", "text": "Done by src/a.py.", **changes}


def report(*entries: object) -> dict[str, Any]:
    return {"proposals": list(entries)}


def test_what_was_asked_for_is_taken() -> None:
    taken = parse_proposals(report(entry(), entry(issue=2, kind="ready", text=" small \n")), KNOWN)
    assert taken == (
        Proposed(issue=1, kind=ProposalKind.STALE, text="Done by src/a.py."),
        Proposed(issue=2, kind=ProposalKind.READY, text="small"),
    )


def test_nothing_to_propose_is_a_report_too() -> None:
    assert parse_proposals(report(), KNOWN) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        None,
        [],
        {},
        {"proposals": None},
        {"proposals": [], "more": 1},
        report("stale"),
        report(entry(issue=4)),
        report(entry(issue=True)),
        report(entry(issue="1")),
        report(entry(kind="approve")),
        report(entry(kind=["stale"])),
        report(entry(text=" ")),
        report(entry(text=None)),
        report(entry(text="x" * 2001)),
        report(entry(label="loop:ready")),
        report({"issue": 1, "kind": "stale"}),
        report(entry(), entry(text="again")),
        report(entry(), entry(issue=9)),
        report(*(entry() for _ in range(MOST_PROPOSALS + 1))),
    ],
)
def test_anything_else_is_refused_whole(wrong: object) -> None:
    with pytest.raises(MalformedReport):
        parse_proposals(wrong, KNOWN)


def test_thirteen_are_too_many() -> None:
    entries = [entry(issue=number) for number in range(1, 14)]
    with pytest.raises(MalformedReport, match="13 proposals, where 12 are the most"):
        parse_proposals(report(*entries), set(range(20)))


@settings(deadline=None)
@given(values(PROPOSALS_SCHEMA) | nearly(PROPOSALS_SCHEMA) | JSON)
def test_what_is_taken_is_what_the_schema_asked_for(report: Any) -> None:
    known = {entry["issue"] for entry in report["proposals"]} if accepts(PROPOSALS_SCHEMA, report) else KNOWN
    try:
        taken = parse_proposals(report, known)
    except MalformedReport:
        return
    assert accepts(PROPOSALS_SCHEMA, report)
    assert [proposed.issue for proposed in taken] == [entry["issue"] for entry in report["proposals"]]


@pytest.mark.parametrize("kind", ProposalKind)
@pytest.mark.parametrize("allowed", [(), ("comment",), ("label-triage",), ("label-triage", "comment")])
def test_only_what_is_allowed_is_done_unasked_and_of_ready_nothing(
    kind: ProposalKind, allowed: tuple[str, ...]
) -> None:
    expected = set() if kind is ProposalKind.READY else set(allowed)
    assert set(done_unasked(kind, allowed)) == expected


def test_every_kind_but_ready_has_a_label_of_its_own() -> None:
    assert set(TRIAGE_LABELS) == set(ProposalKind) - {ProposalKind.READY}
    assert len(set(TRIAGE_LABELS.values())) == len(TRIAGE_LABELS)
