"""What the loop itself costs at GitHub while nothing happens there."""

from __future__ import annotations

import pytest

from support.command_line import Place
from support.fake_github import FakeGitHub
from support.fake_github.server import Seen
from support.github_place import configured

BACKLOG = 3000
READY = "loop:ready"


def of_a_look(requests: list[Seen]) -> list[list[Seen]]:
    """The requests look by look: each begins with base."""
    looks: list[list[Seen]] = []
    for seen in requests:
        if "/git/ref/heads/main" in seen.path:
            looks.append([])
        if looks:
            looks[-1].append(seen)
    return looks


def test_a_tick_without_news_asks_three_times_whether_anything_changed(
    hub: FakeGitHub, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The real loop over thousands of issues, one of which a stranger approved, beside a pull request by hand."""
    configured(place, "sandbox: {mode: 'off'}", "checks: ['true']")
    hub.add_account("stranger", role="triage")
    with hub.state.lock:
        for number in range(BACKLOG):
            hub.state.add_ticket(hub.person("stranger"), f"Issue {number}", "text")
        for ticket in hub.state.tickets.values():
            ticket.updated_at = ticket.created_at = "2026-01-01T00:00:00Z"
    hub.person_labels(5, READY, by="stranger")
    hub.ticket(5).updated_at = "2026-01-01T00:00:00Z"
    hub.person_pushes("topic", {"t": "1"})
    hub.person_opens_pull_request("topic")
    monkeypatch.setenv("FORGE_LOOP_SCHEDULING_TICK_SECONDS", "0.2")
    said = place.run("run", "--max-ticks", "40")
    assert said.status == 0, said.stderr
    looks = of_a_look([seen for seen in hub.requests if not seen.git])
    pages = [seen for seen in looks[0] if "state=open" in seen.path and "/issues" in seen.path]
    assert len(pages) == BACKLOG / 100 + 1
    quiet = looks[-3:]
    assert len(looks) > 4
    for look in quiet:
        assert len(look) == 3, [seen.path for seen in look]
        assert all(seen.conditional and seen.status == 304 for seen in look)
    (note,) = hub.comments(5)
    assert "stranger applied loop:ready and is no approver" in note
