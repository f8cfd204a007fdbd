"""The maintenance session through the loop: it proposes, and nothing happens before the operator applies it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from forge_loop.config.model import Labels, Maintenance
from forge_loop.domain.proposals import Proposal, ProposalState
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop.store import RequestRow, RequestState
from support.runner_world import SETTINGS, World, done, ended, open_world, script


def world_with(tmp_path: Path, *entries: dict[str, Any], session: bool = True, **changes: Any) -> World:
    settings = replace(SETTINGS, maintenance=Maintenance(session=session, **changes))
    return open_world(
        tmp_path, {Role.MAINTENANCE: script(lambda order: done(order, {"proposals": list(entries)}))}, settings=settings
    )


def ask(world: World, kind: str, **detail: Any) -> RequestRow:
    return world.context.store.requests.insert(
        kind=kind, issue=None, detail=detail, requested_at=world.clock.now(), state=RequestState.REQUESTED
    )


def proposals(world: World, state: ProposalState = ProposalState.OPEN) -> Sequence[Proposal]:
    return world.context.store.proposals.select("state = ?", state)


def entry(kind: str, text: str = "because", issue: int = 1) -> dict[str, Any]:
    return {"issue": issue, "kind": kind, "text": text}


def test_a_session_reads_the_open_issues_and_its_proposals_wait(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("stale", "src/a.py does it"), entry("ready"))
    number = world.tracker.add(title="Say hello", body="please")
    before = world.tracker.issue(number)
    ask(world, "maintenance.run")
    world.run()
    assert world.faults == []
    order = world.agents.orders[0]
    assert (order.role, order.writes, order.timeout) == (Role.MAINTENANCE, False, 1800.0)
    assert "#1 Say hello" in order.prompt
    assert "At most 12 proposals" in order.prompt
    assert [(kept.kind, kept.text) for kept in proposals(world)] == [
        ("stale", "src/a.py does it"),
        ("ready", "because"),
    ]
    told = [(event.issue, event.data["proposed"]) for event in world.events() if event.kind == "maintenance.proposed"]
    assert told == [(number, "stale"), (number, "ready")]
    assert world.tracker.issue(number) == before
    assert list(world.layout.workspaces.glob("*")) == []


def test_without_the_setting_no_session_starts(tmp_path: Path) -> None:
    world = world_with(tmp_path, session=False)
    world.tracker.add(title="Say hello", body="please")
    row = ask(world, "maintenance.run")
    world.run()
    assert world.agents.orders == []
    assert "maintenance.finished" in world.kinds()
    assert "maintenance.session" in (world.context.store.requests.get(row.id).answer or "")


def test_a_malformed_report_is_refused_whole(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("stale"), entry("stale", issue=99))
    world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    assert [place for place, _ in world.faults] == ["maintenance"]
    assert world.context.store.proposals.select() == []


def test_a_session_that_did_not_report_proposes_nothing(tmp_path: Path) -> None:
    world = world_with(tmp_path)

    def limited(order: SessionOrder) -> SessionEnded:
        return ended(order, SessionOutcome.NO_REPORT)

    world.agents._scripts[Role.MAINTENANCE] = script(limited)
    world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    assert world.faults == []
    assert world.context.store.proposals.select() == []
    assert list(world.layout.workspaces.glob("*")) == []


def test_a_later_session_supersedes_what_nobody_applied(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("stale"))
    world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    world.close()
    again = world_with(tmp_path, entry("vague_title", "Greet the user"))
    ask(again, "maintenance.run")
    again.run()
    assert [kept.kind for kept in proposals(again)] == ["vague_title"]
    assert [kept.kind for kept in proposals(again, ProposalState.SUPERSEDED)] == ["stale"]


def applied(tmp_path: Path, world: World, *numbers: int) -> tuple[World, RequestRow]:
    world.close()
    again = world_with(tmp_path)
    row = ask(again, "maintenance.apply", proposals=list(numbers))
    again.run()
    assert again.faults == []
    return again, again.context.store.requests.get(row.id)


def test_an_applied_proposal_becomes_one_note_on_its_issue(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("stale", "src/a.py does it"), entry("missing_context", "in which language?"))
    number = world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    again, row = applied(tmp_path, world, 1)
    assert (row.state, row.answer) == (RequestState.APPLIED, f"proposal 1 becomes a note on #{number}")
    assert "src/a.py does it" in (again.tracker.note(number, "maintenance-stale") or "")
    assert again.tracker.note(number, "maintenance-missing_context") is None
    assert [kept.id for kept in proposals(again, ProposalState.APPLIED)] == [1]
    assert [kept.id for kept in proposals(again)] == [2]


def test_ready_only_tells_how_to_approve_and_sets_no_label(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("ready"))
    number = world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    again, row = applied(tmp_path, world, 1)
    assert f"forge-loop issue approve {number}" in (row.answer or "")
    assert again.tracker.issue(number).labels == frozenset()
    assert again.context.store.jobs.select() == []


def test_a_proposal_that_is_not_known_refuses_the_request_whole(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("stale"))
    number = world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    again, row = applied(tmp_path, world, 1, 7)
    assert (row.state, row.answer) == (
        RequestState.REFUSED,
        "proposal 7 is not known; see: forge-loop maintenance list",
    )
    assert again.tracker.note(number, "maintenance-stale") is None


def test_a_session_lost_with_its_loop_is_left_and_the_next_one_proposes(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("stale"))
    world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    row = world.context.store.sessions.select("job IS NULL")[0]
    world.context.store.sessions.update(row.id, ended_at=None, outcome=None, acted_on=False)
    world.close()
    again = world_with(tmp_path, entry("duplicate", "of #2"))
    ask(again, "maintenance.run")
    again.run()
    assert again.faults == []
    assert again.context.store.sessions.get(row.id).outcome is SessionOutcome.LOST
    assert [kept.kind for kept in proposals(again)] == ["duplicate"]


EVERY_KIND = [entry(kind) for kind in ("stale", "duplicate", "vague_title", "missing_context", "ready")]


def test_what_the_operator_allowed_is_done_unasked_and_nothing_approves(tmp_path: Path) -> None:
    world = world_with(tmp_path, *EVERY_KIND, apply=("comment", "label-triage"))
    number = world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    assert world.faults == []
    assert world.tracker.issue(number).labels == {
        "triage:stale",
        "triage:duplicate",
        "triage:vague-title",
        "triage:missing-context",
    }
    noted = ("stale", "duplicate", "vague_title", "missing_context")
    assert all("because" in (world.tracker.note(number, f"maintenance-{kind}") or "") for kind in noted)
    assert [kept.kind for kept in proposals(world)] == ["ready"]
    assert world.context.store.jobs.select() == []


def test_a_proposals_words_call_nobody_and_hide_nothing(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("stale", "ask @everyone <!-- now --> of #7\u202e"), apply=("comment",))
    number = world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    note = world.tracker.note(number, "maintenance-stale") or ""
    assert "`@everyone`" in note
    assert "`#7`" in note
    assert "<" not in note
    assert "\u202e" not in note


def test_labels_alone_leave_the_proposal_to_be_applied(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("stale", "src/a.py does it"), apply=("label-triage",))
    number = world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    assert world.tracker.issue(number).labels == {"triage:stale"}
    assert world.tracker.note(number, "maintenance-stale") is None
    again, _ = applied(tmp_path, world, 1)
    assert "src/a.py does it" in (again.tracker.note(number, "maintenance-stale") or "")


def test_a_triage_label_that_would_approve_is_not_put(tmp_path: Path) -> None:
    world = world_with(tmp_path, entry("stale"), apply=("label-triage",))
    world.context.settings = replace(world.context.settings, labels=Labels(ready="triage:stale"))
    number = world.tracker.add(title="Say hello", body="please")
    ask(world, "maintenance.run")
    world.run()
    assert [place for place, _ in world.faults] == ["proposal 1"]
    assert world.tracker.issue(number).labels == frozenset()
