"""What is told of messages is what stands in the outbox of forge-loop-integrations."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from forge_loop_integrations.channels import Gone, Refused, Retry
from forge_loop_integrations.outbox import box
from forge_loop_integrations.outbox.desk import Desk
from forge_loop_integrations.sink import now
from forge_loop_integrations.sinks import FACTORIES
from forge_loop_observability.metrics.exposition import registry_of
from forge_loop_observability.metrics.outbox import FILE, SINKS
from support.messages import Clock, policy, post


def value(state_dir: Path, name: str, **labels: str) -> float | None:
    return registry_of(state_dir).get_sample_value(f"forge_loop_{name}", labels)


def test_it_is_the_file_that_the_outbox_keeps_for_these_sinks() -> None:
    assert box.FILE == FILE
    assert set(SINKS) == set(FACTORIES)


def test_where_no_message_has_been_yet_everything_is_0(tmp_path: Path) -> None:
    assert value(tmp_path, "outbox_messages", sink="webhook", state="waiting") == 0
    assert value(tmp_path, "notifications_total", sink="webhook", outcome="delivered") == 0
    assert value(tmp_path, "collector_errors_total") == 0


def test_what_waits_and_what_was_given_up_shows_with_the_age_of_the_oldest(tmp_path: Path) -> None:
    clock = Clock()
    clock.at = now() - timedelta(minutes=10)  # a scrape reads the real clock
    with post(tmp_path, policy(), clock) as desk:
        desk.receiver.answers = [Refused(reason="it answered 400"), Retry(reason="it cannot be reached")]
        desk.take(*(desk.log.handed_over(number) for number in (1, 2, 3)))
        desk.drain()
    assert value(tmp_path, "outbox_messages", sink="webhook", state="waiting") == 2
    assert value(tmp_path, "outbox_messages", sink="webhook", state="dead") == 1
    assert value(tmp_path, "outbox_oldest_message_age_seconds", sink="webhook") == pytest.approx(600, abs=60)
    assert value(tmp_path, "notifications_total", sink="webhook", outcome="refused") == 1
    assert value(tmp_path, "notifications_total", sink="webhook", outcome="retry") == 1
    assert value(tmp_path, "outbox_messages", sink="slack", state="waiting") == 0


def test_a_sink_that_is_stopped_says_by_whose_word(tmp_path: Path) -> None:
    with post(tmp_path) as desk:
        desk.receiver.answers = [Gone(reason="it answered 410")]
        desk.take(desk.log.handed_over())
        desk.drain()
        assert value(tmp_path, "sink_stopped", sink="webhook", by="receiver") == 1
        Desk(desk.database).pause("webhook", "")
        assert value(tmp_path, "sink_stopped", sink="webhook", by="operator") == 1
        assert value(tmp_path, "sink_stopped", sink="webhook", by="receiver") == 0


def test_the_count_of_attempts_does_not_fall_when_the_log_forgets(tmp_path: Path) -> None:
    with post(tmp_path) as desk:
        desk.take(desk.log.merged())
        desk.pass_by(minutes=1)
        desk.pass_by(days=16)
        assert desk.tried() == []
        assert value(tmp_path, "notifications_total", sink="webhook", outcome="delivered") == 1
