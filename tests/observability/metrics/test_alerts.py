"""The shipped alert rules: they load, name only what is exposed, fire when they should and at no other time."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from forge_loop_observability.metrics.families import exposed_names
from support.prometheus import needs_prometheus, promtool
from support.shipped_metrics import alerts, names, text

HEALTHY = {
    "forge_loop_up": "1x300",
    "forge_loop_paused": "0x300",
    "forge_loop_last_tick_timestamp_seconds": "0+60x300",
    "forge_loop_oldest_ready_issue_age_seconds": "0x300",
    "forge_loop_worker_slots": "3x300",
    "forge_loop_worker_slots_used": "2x300",
    'forge_loop_dispatch_closed{reason="paused"}': "0x300",
    'forge_loop_dispatch_closed{reason="parked"}': "0x300",
    'forge_loop_dispatch_closed{reason="halted"}': "0x300",
    'forge_loop_watchdog_kills_total{reason="silent"}': "0x300",
    'forge_loop_critic_reviews_total{verdict="approve"}': "0+1x300",
    'forge_loop_critic_reviews_total{verdict="block"}': "0x300",
    "forge_loop_collector_errors_total": "0x300",
}
GONE = dict.fromkeys(HEALTHY, "_x300")
WAITING = {"forge_loop_oldest_ready_issue_age_seconds": "60+60x300"}
Series = Mapping[str, str]
# What is different, and how many of the alert fire at which minute.
CASES: list[tuple[str, str, Series, Mapping[int, int]]] = [
    ("a loop that ended", "ForgeLoopDown", {"forge_loop_up": "1x9 0x290"}, {9: 0, 14: 0, 16: 1}),
    ("metrics that nobody serves", "ForgeLoopDown", GONE, {4: 0, 6: 1}),
    ("a tick that hangs", "ForgeLoopTickStale", {"forge_loop_last_tick_timestamp_seconds": "0x300"}, {19: 0, 22: 1}),
    (
        "a loop that is down has no stale tick",
        "ForgeLoopTickStale",
        {"forge_loop_last_tick_timestamp_seconds": "0x300", "forge_loop_up": "0x300"},
        {60: 0},
    ),
    (
        "a halt",
        "ForgeLoopHalted",
        {'forge_loop_dispatch_closed{reason="halted"}': "0x9 1x290"},
        {10: 0, 12: 1},
    ),
    ("a pause is no halt", "ForgeLoopHalted", {'forge_loop_dispatch_closed{reason="paused"}': "1x300"}, {60: 0}),
    ("free slots and ready work", "ForgeLoopStarved", WAITING, {29: 0, 31: 1}),
    (
        "ready work and no free slot",
        "ForgeLoopStarved",
        {**WAITING, "forge_loop_worker_slots_used": "3x300"},
        {60: 0},
    ),
    (
        "ready work while paused",
        "ForgeLoopStarved",
        {**WAITING, 'forge_loop_dispatch_closed{reason="paused"}': "1x300"},
        {60: 0},
    ),
    (
        "ready work while a limit holds",
        "ForgeLoopStarved",
        {**WAITING, 'forge_loop_dispatch_closed{reason="parked"}': "1x300"},
        {60: 0},
    ),
    (
        "many ended sessions",
        "ForgeLoopWatchdogKills",
        {'forge_loop_watchdog_kills_total{reason="silent"}': "0x60 5x200"},
        {59: 0, 65: 1},
    ),
    (
        "one ended session",
        "ForgeLoopWatchdogKills",
        {'forge_loop_watchdog_kills_total{reason="silent"}': "0x60 1x200"},
        {65: 0},
    ),
    (
        "a critic that withholds nearly everything",
        "ForgeLoopCriticBlocks",
        {
            'forge_loop_critic_reviews_total{verdict="approve"}': "0x300",
            'forge_loop_critic_reviews_total{verdict="block"}': "0x20 0+1x200",
        },
        {20: 0, 60: 1},
    ),
    (
        "two verdicts are too few to judge by",
        "ForgeLoopCriticBlocks",
        {
            'forge_loop_critic_reviews_total{verdict="approve"}': "0x300",
            'forge_loop_critic_reviews_total{verdict="block"}': "0x20 2x200",
        },
        {60: 0},
    ),
    (
        "a message that waits",
        "ForgeLoopMessagesStuck",
        {'forge_loop_outbox_oldest_message_age_seconds{sink="slack"}': "0x10 0+60x290"},
        {30: 0, 50: 1},
    ),
    (
        "messages that the operator holds back",
        "ForgeLoopMessagesStuck",
        {
            'forge_loop_outbox_oldest_message_age_seconds{sink="slack"}': "0x10 0+60x290",
            'forge_loop_sink_stopped{sink="slack",by="operator"}': "1x300",
        },
        {60: 0},
    ),
    (
        "a receiver that wants no more",
        "ForgeLoopSinkStopped",
        {'forge_loop_sink_stopped{sink="slack",by="receiver"}': "0x10 1x290"},
        {9: 0, 13: 1},
    ),
    (
        "a database that cannot be read",
        "ForgeLoopCollectorErrors",
        {"forge_loop_collector_errors_total": "0x10 1x290"},
        {20: 0, 27: 1},
    ),
]


def test_every_name_in_a_rule_is_exposed() -> None:
    for name, rule in alerts().items():
        assert names(rule) - exposed_names() == set(), name


def test_every_rule_has_a_case_in_which_it_fires() -> None:
    fires = {name for _, name, _, counts in CASES if any(counts.values())}
    assert fires == set(alerts())


@needs_prometheus
def test_promtool_accepts_the_rules(tmp_path: Path) -> None:
    (tmp_path / "alerts.yaml").write_text(text("alerts.yaml"))
    said = promtool("check", "rules", str(tmp_path / "alerts.yaml"))
    assert said.returncode == 0, said.stdout + said.stderr
    assert f"SUCCESS: {len(alerts())} rules found" in said.stdout


@needs_prometheus
def test_nothing_fires_while_all_is_well(tmp_path: Path) -> None:
    said = check(tmp_path, [case({}, "", {10: 0, 60: 0, 280: 0})])
    assert said == ""


@needs_prometheus
@pytest.mark.parametrize(("different", "alert", "series", "counts"), CASES, ids=[entry[0] for entry in CASES])
def test_a_rule_fires_when_it_should(
    tmp_path: Path, different: str, alert: str, series: Series, counts: Mapping[int, int]
) -> None:
    assert check(tmp_path, [case(series, alert, counts)]) == ""


@needs_prometheus
def test_a_case_that_expects_the_wrong_thing_fails(tmp_path: Path) -> None:
    assert "FAILED" in check(tmp_path, [case({}, "ForgeLoopDown", {60: 1})])


def case(different: Series, alert: str, counts: Mapping[int, int]) -> Mapping[str, Any]:
    """A test of promtool's: the healthy series with what is different, and the number of firing alerts by minute."""
    one = f'alertname="{alert}",' if alert else ""
    asked = f'count(ALERTS{{{one}alertstate="firing"}}) or vector(0)'
    return {
        "interval": "1m",
        "input_series": [
            {"series": placed(name), "values": values} for name, values in {**HEALTHY, **different}.items()
        ],
        "promql_expr_test": [
            {"expr": asked, "eval_time": f"{minute}m", "exp_samples": [{"labels": "{}", "value": count}]}
            for minute, count in counts.items()
        ],
    }


def placed(name: str) -> str:
    """A series as a scrape gives it: with its job and its instance."""
    base, _, labels = name.partition("{")
    return f'{base}{{job="forge-loop",instance="here:1",{labels.removesuffix("}")}}}'


def check(directory: Path, cases: list[Mapping[str, Any]]) -> str:
    """What promtool has against these cases, empty if nothing."""
    (directory / "alerts.yaml").write_text(text("alerts.yaml"))
    tests = {"rule_files": ["alerts.yaml"], "evaluation_interval": "1m", "tests": cases}
    path = directory / "tests.yaml"
    path.write_text(json.dumps(tests))
    said = promtool("test", "rules", str(path))
    return "" if said.returncode == 0 else said.stdout + said.stderr
