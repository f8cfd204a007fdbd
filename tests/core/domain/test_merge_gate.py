"""Merge only if every line is known and true: each condition false, unknown and stale, alone and in pairs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields, replace
from itertools import combinations
from typing import Any

import pytest

from forge_loop.domain.merge_gate import GateFacts, refusals

HEAD, BASE, OTHER = "a" * 40, "b" * 40, "c" * 40
GOOD = GateFacts(
    issue_open=True,
    approval_unchanged=True,
    ready_label=True,
    risk_label=False,
    pull_request_open=True,
    pull_request_ours=True,
    pull_request_draft=False,
    pull_request_base="main",
    base="main",
    pull_request_head=HEAD,
    pushed_sha=HEAD,
    verdict_approves=True,
    change_reviewed=True,
    checks_green=True,
    checked_base=BASE,
    base_sha=BASE,
    host_checks_green=True,
    evidence=1,
    withheld=(),
    automatic=True,
)

# Each thing that can be wrong, and the one code that names it.
WRONG: Mapping[str, tuple[Mapping[str, Any], str]] = {
    "the issue is closed": ({"issue_open": False}, "issue_closed"),
    "the issue was not read": ({"issue_open": None}, "issue_closed_unknown"),
    "the text changed": ({"approval_unchanged": False}, "approval_changed"),
    "the text was not read": ({"approval_unchanged": None}, "approval_changed_unknown"),
    "the label is gone": ({"ready_label": False}, "label_removed"),
    "the label was not read": ({"ready_label": None}, "label_removed_unknown"),
    "a risk label stands": ({"risk_label": True}, "risk_label"),
    "the risk label was not read": ({"risk_label": None}, "risk_label_unknown"),
    "the pull request is closed": ({"pull_request_open": False}, "pull_request_closed"),
    "the pull request was not read": ({"pull_request_open": None}, "pull_request_closed_unknown"),
    "it is a stranger's": ({"pull_request_ours": False}, "not_ours"),
    "whose it is was not read": ({"pull_request_ours": None}, "not_ours_unknown"),
    "it is a draft": ({"pull_request_draft": True}, "draft"),
    "whether it is a draft was not read": ({"pull_request_draft": None}, "draft_unknown"),
    "it goes to another branch": ({"pull_request_base": "release"}, "retargeted"),
    "where it goes was not read": ({"pull_request_base": None}, "retargeted_unknown"),
    "the loop's base is not known": ({"base": None}, "retargeted_unknown"),
    "somebody else pushed": ({"pull_request_head": OTHER}, "foreign_commit"),
    "the head was not read": ({"pull_request_head": None}, "foreign_commit_unknown"),
    "the head is empty": ({"pull_request_head": ""}, "foreign_commit_unknown"),
    "a newer commit was pushed": ({"pushed_sha": OTHER}, "foreign_commit"),
    "nothing was pushed": ({"pushed_sha": None}, "foreign_commit_unknown"),
    "neither side has a commit": ({"pushed_sha": None, "pull_request_head": None}, "foreign_commit_unknown"),
    "both sides are empty": ({"pushed_sha": "", "pull_request_head": ""}, "foreign_commit_unknown"),
    "the critic does not approve": ({"verdict_approves": False}, "not_reviewed"),
    "there is no verdict": ({"verdict_approves": None}, "not_reviewed_unknown"),
    "base was rewound under the change": ({"change_reviewed": False}, "change_moved"),
    "the change was not compared": ({"change_reviewed": None}, "change_moved_unknown"),
    "a check is red": ({"checks_green": False}, "checks_not_green"),
    "the checks have not run": ({"checks_green": None}, "checks_not_green_unknown"),
    "the checks ran on an older base": ({"checked_base": OTHER}, "base_moved"),
    "base has moved": ({"base_sha": OTHER}, "base_moved"),
    "base was not read": ({"base_sha": None}, "base_moved_unknown"),
    "the checked base is not known": ({"checked_base": None}, "base_moved_unknown"),
    "no base is known at all": ({"checked_base": None, "base_sha": None}, "base_moved_unknown"),
    "a check of the host's is red": ({"host_checks_green": False}, "host_checks"),
    "the host's checks are not done": ({"host_checks_green": None}, "host_checks_unknown"),
    "nothing shows that it works": ({"evidence": 0}, "no_evidence"),
    "it touches a protected path": ({"withheld": ("it touches the protected path ci.yml",)}, "withheld"),
    "merging is manual": ({"automatic": False}, "manual"),
}


def condition(wrong: str) -> str:
    """The line of the gate that a wrong thing belongs to."""
    return WRONG[wrong][1].removesuffix("_unknown")


PAIRS = [(one, other) for one, other in combinations(WRONG, 2) if condition(one) != condition(other)]


def codes(facts: GateFacts) -> list[str]:
    return [reason.code for reason in refusals(facts)]


def test_what_is_known_and_true_in_every_line_is_merged() -> None:
    assert codes(GOOD) == []


@pytest.mark.parametrize("wrong", WRONG)
def test_one_thing_wrong_is_enough_and_is_named(wrong: str) -> None:
    changes, code = WRONG[wrong]
    assert codes(replace(GOOD, **changes)) == [code]


def test_two_things_wrong_are_both_named() -> None:
    assert len(PAIRS) >= 300
    for one, other in PAIRS:
        found = codes(replace(GOOD, **WRONG[one][0], **WRONG[other][0]))
        assert sorted(found) == sorted([WRONG[one][1], WRONG[other][1]]), (one, other)


def test_a_newer_commit_or_base_counts_on_both_sides_only() -> None:
    assert codes(replace(GOOD, pull_request_head=OTHER, pushed_sha=OTHER)) == []
    assert codes(replace(GOOD, checked_base=OTHER, base_sha=OTHER)) == []


def test_everything_wrong_is_told_at_once() -> None:
    nothing_known: dict[str, Any] = {field.name: None for field in fields(GateFacts)}
    worst = GateFacts(**{**nothing_known, "evidence": 0, "withheld": ("one", "two"), "automatic": False})
    assert len(codes(worst)) == 14 + 1 + 2 + 1


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_not_known_is_not_called_wrong(wrong: str) -> None:
    changes, code = WRONG[wrong]
    (reason,) = refusals(replace(GOOD, **changes))
    assert reason.text.startswith("it is not known whether") is code.endswith("_unknown")


@pytest.mark.parametrize("wrong", WRONG)
def test_what_is_wrong_is_said_as_it_is(wrong: str) -> None:
    changes, code = WRONG[wrong]
    (reason,) = refusals(replace(GOOD, **changes))
    assert "not so that" not in reason.text
    if code == "base_moved":
        assert reason.text == "base has moved since the checks ran"


def test_every_withheld_path_is_named() -> None:
    assert [reason.text for reason in refusals(replace(GOOD, withheld=("one", "two")))] == ["one", "two"]


def test_a_truthy_value_is_not_true() -> None:
    """A fact that is not a plain True was read by something that does not know."""
    odd: Any = "yes"
    assert codes(replace(GOOD, checks_green=odd)) == ["checks_not_green_unknown"]


def test_every_fact_of_the_gate_can_withhold_a_merge() -> None:
    spoken_for = {name for changes, _ in WRONG.values() for name in changes}
    assert spoken_for == {field.name for field in fields(GateFacts)}
