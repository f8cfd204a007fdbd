"""The guarantees hold in random worlds, in which processes die, answers are lost and people do what they want."""

from __future__ import annotations

from collections import Counter

import pytest

from simulation.simulate import main, run_seed

SEEDS = 200
TOGETHER = 10
MUST_FIRE = (
    "97% of a limit used",
    "ask for changes",
    "check red",
    "check timed out",
    "clock set back",
    "close",
    "close pull request",
    "crash after",
    "crash at",
    "crash before",
    "critic block",
    "critic malformed",
    "critic request_changes",
    "delete",
    "disk full",
    "edit",
    "foreign commit",
    "host check failed",
    "host check passed",
    "label again",
    "label by a stranger",
    "late answer refused",
    "merge by hand",
    "merged",
    "outage code_host",
    "outage tracker",
    "push to base",
    "reply lost tracker.post_note",
    "request approve",
    "request kill",
    "request stop",
    "rewrite base",
    "suspended",
    "unlabel",
    "worker auth",
    "worker denied",
    "worker limit",
    "worker lost",
    "worker protected",
    "worker silent",
    "worker transient",
    "worker uncommitted",
    "worker unmerged",
)


@pytest.mark.timeout(300)
@pytest.mark.parametrize("first", range(0, SEEDS, TOGETHER))
def test_no_seed_breaks_a_guarantee(first: int) -> None:
    broken = [found.replay() for found in map(run_seed, range(first, first + TOGETHER)) if found.violation]
    assert broken == []


@pytest.mark.timeout(600)
def test_what_the_seeds_are_for_really_happens_in_them() -> None:
    counts: Counter[str] = Counter()
    for seed in range(SEEDS, SEEDS + 60):
        found = run_seed(seed)
        assert found.violation == "", found.replay()
        counts.update(found.counts)
    assert [name for name in MUST_FIRE if not counts[name]] == []


@pytest.mark.parametrize("seed", [3, 7])
def test_a_seed_replays_exactly(seed: int) -> None:
    first, second = run_seed(seed), run_seed(seed)
    assert first.trace == second.trace
    assert first.counts == second.counts


def test_the_command_says_how_many_seeds_held_and_what_fired(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--seed", "1"]) == 0
    printed = capsys.readouterr().out
    assert "1 seeds, 0 violations" in printed
    assert "ticks" in printed
