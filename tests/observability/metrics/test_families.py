"""The table of metrics keeps Prometheus' rules for names, and its labels are closed."""

from __future__ import annotations

import re
from typing import Any

import pytest

from forge_loop.runner.watchdog import REASONS
from forge_loop_observability.metrics.families import FAMILIES, WATCHDOG_REASONS, Family, Kind, exposed_names

NAME = re.compile(r"forge_loop_[a-z][a-z0-9_]*")
ABBREVIATED = re.compile(r"_(ms|s|sec|secs|min|kb|mb|pct|percent|num|count)(_|$)")
ABOUT_ONE = {"issue", "pr", "pull_request", "session", "worker", "job", "attempt", "title", "branch", "path", "error"}


def problems(family: Family[Any]) -> list[str]:
    name, found = family.name, []
    if not NAME.fullmatch(name):
        found.append("not in snake case under the prefix")
    if (family.kind is Kind.COUNTER) != name.endswith("_total"):
        found.append("_total is for counters, all of them")
    if (family.kind is Kind.INFO) != name.endswith("_info"):
        found.append("_info is for information")
    if ABBREVIATED.search(name):
        found.append("an abbreviated or a reserved word")
    if ABOUT_ONE & set(family.labels):
        found.append("a label without bounds")
    if any(not values for values in family.labels.values()):
        found.append("a label without values")
    if not family.help.strip():
        found.append("no help")
    if (family.kind is Kind.HISTOGRAM) != bool(family.bounds) or sorted(family.bounds) != list(family.bounds):
        found.append("bounds are for histograms, and ascend")
    return found


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.name)
def test_a_metric_keeps_the_rules_of_its_kind(family: Family[Any]) -> None:
    assert problems(family) == []


def test_no_two_metrics_have_one_name() -> None:
    assert len({family.name for family in FAMILIES}) == len(FAMILIES)


def test_a_breach_of_the_rules_would_be_seen() -> None:
    bad: Family[Any] = Family(
        name="forge_loop_waitMs", kind=Kind.COUNTER, help="", read=lambda _: {}, labels={"issue": ()}
    )
    assert len(problems(bad)) == 5


def test_every_reason_of_the_watchdog_has_a_label() -> None:
    assert set(WATCHDOG_REASONS) == set(REASONS.values())


def test_a_histogram_is_asked_for_by_its_parts() -> None:
    names = exposed_names()
    assert "forge_loop_attempt_duration_seconds_bucket" in names
    assert "forge_loop_attempt_duration_seconds" not in names
