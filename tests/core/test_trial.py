"""What a trial may do, and what it refuses; the whole of it runs in tests/observability/replay."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from forge_loop.config.model import Critic, Deploy, ForgeKind, Settings, Sink, Worker
from forge_loop.domain.session import Role
from forge_loop.errors import OperatorError
from forge_loop.runner.recorded import RecordedOrder
from forge_loop.trial import Trial, past_diff, settings_of, taken_up
from support.repositories import commit, make_bare, make_checkout

ORDER = RecordedOrder(
    session="s",
    role="worker",
    purpose="begin",
    resume=False,
    system="",
    prompt="",
    model="then",
    effort="high",
    max_turns=7,
    timeout=60.0,
    report_schema={},
    writes=True,
    base_sha="b" * 40,
    head_sha=None,
    checks=("true",),
    block_on="sev2",
)
TODAY = Settings(
    forge=ForgeKind.GITHUB,
    repository="me/it",
    sinks=(Sink(name="slack", settings={}),),
    deploy=Deploy(command="ship"),
    worker=Worker(model="today"),
    critic=Critic(model="today", enabled=False),
)


def trial(place: Path, order: RecordedOrder = ORDER, *, control: Path | None = None, model: str | None = None) -> Trial:
    return Trial(
        place=place,
        project=place,
        control=control or place / "control.git",
        settings=TODAY,
        base="main",
        title="t",
        text="x",
        hidden_accepted=False,
        order=order,
        model=model,
    )


def test_nothing_of_a_trial_reaches_out(tmp_path: Path) -> None:
    made = settings_of(trial(tmp_path), Role.WORKER)
    assert (made.forge, made.repository, made.sinks, made.deploy.command) == (ForgeKind.LOCAL, "", (), "")
    assert (made.retry.attempts, made.po.enabled, made.maintenance.every_ticks) == (1, False, 0)
    assert (made.critic.enabled, made.critic.model) == (True, "today")


def test_the_role_that_is_tried_has_the_limits_of_then_and_the_model_that_is_asked_for(tmp_path: Path) -> None:
    then = settings_of(trial(tmp_path), Role.WORKER)
    assert (then.worker.model, then.worker.effort, then.worker.max_turns) == ("then", "high", 7)
    assert then.checks == ("true",)
    assert settings_of(trial(tmp_path, model="other"), Role.WORKER).worker.model == "other"
    critic = settings_of(trial(tmp_path), Role.CRITIC)
    assert (critic.critic.model, critic.critic.rounds, critic.worker.model) == ("then", 0, "today")


@pytest.mark.parametrize("role", [Role.PO, Role.MAINTENANCE])
def test_a_session_that_changes_and_reviews_nothing_cannot_be_run_again(tmp_path: Path, role: Role) -> None:
    refused = pytest.raises(OperatorError, match=f"a session of the {role} cannot be run again")
    with refused, taken_up(trial(tmp_path, replace(ORDER, role=str(role))), environ={}, on_fault=lambda *_: None):
        pass
    assert list(tmp_path.iterdir()) == []


def test_a_commit_that_is_no_longer_kept_is_named(tmp_path: Path) -> None:
    control = make_bare(tmp_path / "control.git", make_checkout(tmp_path / "checkout"))
    place = tmp_path / "place"
    place.mkdir()
    made = trial(place, control=control)
    with (
        pytest.raises(OperatorError, match="the commit bbbbbbbbbbbb is no longer kept"),
        taken_up(made, environ={}, on_fault=lambda *_: None),
    ):
        pass


def test_the_diff_of_commits_that_are_kept_is_had(tmp_path: Path) -> None:
    checkout = make_checkout(tmp_path / "checkout")
    first = commit(checkout, {"a.txt": "a\n"}, "one")
    second = commit(checkout, {"b.txt": "b\n"}, "two")
    control = make_bare(tmp_path / "control.git", checkout)
    assert "+++ b/b.txt" in (past_diff(control, base_sha=first, head_sha=second) or "")
    assert past_diff(control, base_sha=first, head_sha="c" * 40) is None
    assert past_diff(control, base_sha=first, head_sha=None) is None
