"""What the rows say of dispatch as a whole."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from forge_loop.store import Store
from forge_loop.store.dispatch import dispatch_facts
from support.samples import NOW

BASE = "b" * 40
CHECKS = ("ruff check", "pytest -q")


def checked(store: Store, command: str, *, passed: bool, base_sha: str = BASE) -> None:
    values: dict[str, Any] = {"status": 0 if passed else 1, "output": "", "seconds": 0.5, "at": NOW}
    store.base_checks.insert(base_sha=base_sha, command=command, passed=passed, **values)


def test_dispatch_is_told_all_that_the_loops_row_says(store: Store) -> None:
    until = NOW + timedelta(hours=1)
    store.update_loop(
        paused=True, paused_until=NOW, pause_reason="p", parked_until=until, park_reason="l", halt_reason="h"
    )
    facts = dispatch_facts(store, (), base_sha=BASE)
    assert (facts.paused, facts.paused_until, facts.pause_reason) == (True, NOW, "p")
    assert (facts.parked_until, facts.park_reason, facts.halt_reason) == (until, "l", "h")
    assert (facts.base_known, facts.base_unchecked, facts.base_red) == (True, False, None)


def test_a_base_that_is_not_known_is_not_called_unchecked(store: Store) -> None:
    facts = dispatch_facts(store, CHECKS, base_sha=None)
    assert (facts.base_known, facts.base_unchecked, facts.base_red) == (False, False, None)


def test_every_check_must_have_run_on_this_very_base(store: Store) -> None:
    checked(store, "ruff check", passed=True)
    checked(store, "pytest -q", passed=True, base_sha="c" * 40)
    assert dispatch_facts(store, CHECKS, base_sha=BASE).base_unchecked
    checked(store, "pytest -q", passed=True)
    facts = dispatch_facts(store, CHECKS, base_sha=BASE)
    assert (facts.base_unchecked, facts.base_red) == (False, None)


def test_every_check_that_is_red_on_base_is_named_by_its_newest_result(store: Store) -> None:
    for command in CHECKS:
        checked(store, command, passed=False)
    assert dispatch_facts(store, CHECKS, base_sha=BASE).base_red == "ruff check, pytest -q"
    checked(store, "ruff check", passed=True)
    assert dispatch_facts(store, CHECKS, base_sha=BASE).base_red == "pytest -q"
    assert dispatch_facts(store, ("ruff check",), base_sha=BASE).base_red is None
