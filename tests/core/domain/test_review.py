"""The critic's report: believed to the letter or not at all, and never more than a permission withheld."""

from __future__ import annotations

import copy
from dataclasses import replace
from itertools import product
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from forge_loop.domain.review import (
    LONGEST_MESSAGE,
    MOST_FINDINGS,
    REPORT_SCHEMA,
    Binding,
    Category,
    Finding,
    MalformedReport,
    Overall,
    Reviewed,
    Verdict,
    delta_from,
    is_suspicious,
    parse_verdict,
)
from forge_loop.domain.severity import Severity
from support.json_schema import JSON, accepts, nearly, values

FINDING: dict[str, Any] = {
    "severity": "sev2",
    "category": "tests",
    "file": "src/greet.py",
    "line": 3,
    "message": "nothing tests it",
}
REPORT: dict[str, Any] = {"overall": "request_changes", "findings": [FINDING], "reviewed": ["src/greet.py"]}


def test_a_report_becomes_a_verdict_word_for_word() -> None:
    expected = Finding(
        severity=Severity.SEV2, category=Category.TESTS, file="src/greet.py", line=3, message="nothing tests it"
    )
    found = parse_verdict(REPORT)
    assert found == Verdict(overall=Overall.REQUEST_CHANGES, findings=(expected,), reviewed=("src/greet.py",))


def test_findings_keep_their_order() -> None:
    report = {**REPORT, "findings": [{**FINDING, "message": text} for text in ("one", "two", "three")]}
    assert [finding.message for finding in parse_verdict(report).findings] == ["one", "two", "three"]


@pytest.mark.parametrize(
    ("place", "value", "told"),
    [
        (("overall",), "approved", "overall: unknown value 'approved'"),
        (("overall",), "APPROVE", "overall"),
        (("overall",), " approve", "overall"),
        (("overall",), True, "overall"),
        (("overall",), None, "overall"),
        (("overall",), ["approve"], "overall"),
        (("findings",), None, "findings is not a list"),
        (("findings",), {}, "findings is not a list"),
        (("findings",), "none", "findings is not a list"),
        (("findings",), [None], r"findings\[0\] is not an object"),
        (("findings",), [FINDING, "x"], r"findings\[1\] is not an object"),
        (("findings",), [[]], r"findings\[0\] is not an object"),
        (("findings", 0, "severity"), "sev4", r"findings\[0\].severity: unknown value 'sev4'"),
        (("findings", 0, "severity"), 2, r"findings\[0\].severity"),
        (("findings", 0, "severity"), "SEV1", r"findings\[0\].severity"),
        (("findings", 0, "category"), "performance", r"findings\[0\].category"),
        (("findings", 0, "category"), None, r"findings\[0\].category"),
        (("findings", 0, "file"), 3, r"findings\[0\].file"),
        (("findings", 0, "file"), ["a"], r"findings\[0\].file"),
        (("findings", 0, "line"), True, r"findings\[0\].line"),
        (("findings", 0, "line"), False, r"findings\[0\].line"),
        (("findings", 0, "line"), 0, r"findings\[0\].line"),
        (("findings", 0, "line"), -1, r"findings\[0\].line"),
        (("findings", 0, "line"), 2**31, r"findings\[0\].line"),
        (("findings", 0, "line"), 10**30, r"findings\[0\].line"),
        (("findings", 0, "line"), 3.0, r"findings\[0\].line"),
        (("findings", 0, "line"), "3", r"findings\[0\].line"),
        (("findings", 0, "message"), "", r"findings\[0\].message"),
        (("findings", 0, "message"), " \n\t", r"findings\[0\].message"),
        (("findings", 0, "message"), None, r"findings\[0\].message"),
        (("reviewed",), None, "reviewed"),
        (("reviewed",), "src/greet.py", "reviewed"),
        (("reviewed",), [None], "reviewed"),
        (("reviewed",), [["src/greet.py"]], "reviewed"),
    ],
)
def test_a_report_that_is_not_exactly_what_was_asked_for_is_no_verdict(
    place: tuple[Any, ...], value: object, told: str
) -> None:
    report: Any = copy.deepcopy(REPORT)
    holder = report
    for step in place[:-1]:
        holder = holder[step]
    holder[place[-1]] = value
    with pytest.raises(MalformedReport, match=told):
        parse_verdict(report)


@pytest.mark.parametrize("line", [1, 2, 2**31 - 1, None])
def test_a_line_is_counted_from_one(line: int | None) -> None:
    report = {**REPORT, "findings": [{**FINDING, "line": line}]}
    assert parse_verdict(report).findings[0].line == line
    assert accepts(REPORT_SCHEMA, report)


@pytest.mark.parametrize("name", REPORT)
def test_a_missing_field_is_named(name: str) -> None:
    with pytest.raises(MalformedReport, match=rf"report: missing \['{name}'\], unknown \[\]"):
        parse_verdict({key: value for key, value in REPORT.items() if key != name})


@pytest.mark.parametrize("name", FINDING)
def test_a_missing_field_of_a_finding_is_named(name: str) -> None:
    finding = {key: value for key, value in FINDING.items() if key != name}
    with pytest.raises(MalformedReport, match=rf"findings\[0\]: missing \['{name}'\]"):
        parse_verdict({**REPORT, "findings": [finding]})


def test_a_field_that_was_not_asked_for_is_named() -> None:
    with pytest.raises(MalformedReport, match=r"unknown \['merge'\]"):
        parse_verdict({**REPORT, "merge": True})
    with pytest.raises(MalformedReport, match=r"findings\[0\].*unknown \['approved'\]"):
        parse_verdict({**REPORT, "findings": [{**FINDING, "approved": True}]})


def test_more_findings_than_a_worker_can_be_sent_back_with_are_no_review() -> None:
    most = {**REPORT, "findings": [FINDING] * MOST_FINDINGS}
    assert len(parse_verdict(most).findings) == MOST_FINDINGS
    assert accepts(REPORT_SCHEMA, most)
    many = {**REPORT, "findings": [FINDING] * (MOST_FINDINGS + 1)}
    with pytest.raises(MalformedReport, match="findings are 101, more than 100"):
        parse_verdict(many)
    assert not accepts(REPORT_SCHEMA, many)


def test_a_finding_is_no_book() -> None:
    longest = {**REPORT, "findings": [{**FINDING, "message": "x" * LONGEST_MESSAGE}]}
    assert parse_verdict(longest)
    assert accepts(REPORT_SCHEMA, longest)
    longer = {**REPORT, "findings": [{**FINDING, "message": "x" * (LONGEST_MESSAGE + 1)}]}
    with pytest.raises(MalformedReport, match=r"findings\[0\]\.message has 4001 characters"):
        parse_verdict(longer)
    assert not accepts(REPORT_SCHEMA, longer)


@pytest.mark.parametrize("report", [None, [], "approve", True, 1, {}, {"overall": "approve"}])
def test_what_is_no_report_at_all_is_no_verdict(report: object) -> None:
    with pytest.raises(MalformedReport):
        parse_verdict(report)


@settings(deadline=None)
@given(values(REPORT_SCHEMA))
def test_what_the_schema_asks_for_is_understood(report: dict[str, Any]) -> None:
    assert accepts(REPORT_SCHEMA, report)
    verdict = parse_verdict(report)
    assert str(verdict.overall) == report["overall"]
    assert list(verdict.reviewed) == report["reviewed"]
    fields = ("severity", "category", "file", "line", "message")
    assert [{name: getattr(f, name) for name in fields} for f in verdict.findings] == report["findings"]


@settings(deadline=None)
@given(nearly(REPORT_SCHEMA) | JSON)
@example({**REPORT, "findings": [{**FINDING, "line": True}]})
def test_schema_and_parser_refuse_the_same(report: Any) -> None:
    try:
        parse_verdict(report)
    except MalformedReport:
        assert not accepts(REPORT_SCHEMA, report)
    else:
        assert accepts(REPORT_SCHEMA, report)


def finding(severity: Severity) -> Finding:
    return Finding(severity=severity, category=Category.CORRECTNESS, message="wrong")


# What goes back to the worker, written out: finding by threshold.
BLOCKING = {
    ("sev1", "sev1"): True,
    ("sev1", "sev2"): True,
    ("sev1", "sev3"): True,
    ("sev2", "sev1"): False,
    ("sev2", "sev2"): True,
    ("sev2", "sev3"): True,
    ("sev3", "sev1"): False,
    ("sev3", "sev2"): False,
    ("sev3", "sev3"): True,
}


@pytest.mark.parametrize(("severity", "block_on"), list(product(Severity, Severity)))
def test_a_finding_blocks_at_the_threshold_and_above(severity: Severity, block_on: Severity) -> None:
    verdict = Verdict(overall=Overall.APPROVE, findings=(finding(severity),), reviewed=())
    blocks = BLOCKING[severity, block_on]
    assert verdict.blocking(block_on) == ((finding(severity),) if blocks else ())
    assert verdict.approves(block_on) is not blocks


@settings(deadline=None)
@given(st.sampled_from(Overall), st.lists(st.sampled_from(Severity), max_size=4), st.sampled_from(Severity))
def test_only_an_approval_without_a_blocking_finding_approves(
    overall: Overall, severities: list[Severity], block_on: Severity
) -> None:
    verdict = Verdict(overall=overall, findings=tuple(map(finding, severities)), reviewed=())
    blocking = [severity for severity in severities if BLOCKING[severity, block_on]]
    assert [found.severity for found in verdict.blocking(block_on)] == blocking
    assert verdict.approves(block_on) is (overall is Overall.APPROVE and not blocking)


@pytest.mark.parametrize("block_on", Severity)
def test_a_sev1_finding_always_withholds_the_merge(block_on: Severity) -> None:
    findings = (finding(Severity.SEV3), finding(Severity.SEV1))
    assert not Verdict(overall=Overall.APPROVE, findings=findings, reviewed=()).approves(block_on)


@pytest.mark.parametrize(
    ("overall", "severities", "reviewed", "lines", "suspicious"),
    [
        ("approve", (), (), 101, True),
        ("approve", (), (" ", ""), 101, True),
        ("approve", (), (), 100, False),
        ("approve", (), ("src/greet.py",), 5000, False),
        ("approve", (Severity.SEV3,), (), 101, False),
        ("request_changes", (), (), 101, False),
        ("block", (), (), 101, False),
    ],
)
def test_an_approval_of_a_large_change_that_names_nothing_it_read_is_suspicious(
    overall: str, severities: tuple[Severity, ...], reviewed: tuple[str, ...], lines: int, suspicious: bool
) -> None:
    verdict = Verdict(overall=Overall(overall), findings=tuple(map(finding, severities)), reviewed=reviewed)
    assert is_suspicious(verdict, lines) is suspicious


FIRST, SECOND, THIRD = (Reviewed(attempt=1, head_sha=letter * 40) for letter in "abc")


@pytest.mark.parametrize(
    ("earlier", "attempt", "head", "expected"),
    [
        ([], 1, "a", None),
        ([FIRST], 1, "a", None),
        ([FIRST], 1, "b", "a"),
        ([FIRST, SECOND], 1, "c", "b"),
        ([FIRST, SECOND], 1, "b", "a"),
        ([FIRST, SECOND, THIRD, THIRD], 1, "c", "b"),
        ([FIRST, SECOND], 2, "c", None),
        ([FIRST, Reviewed(attempt=2, head_sha="d" * 40)], 2, "e", "d"),
    ],
)
def test_a_later_round_is_shown_what_changed_since_the_commit_it_last_reviewed(
    earlier: list[Reviewed], attempt: int, head: str, expected: str | None
) -> None:
    found = delta_from(earlier, attempt=attempt, head_sha=head * 40)
    assert found == (None if expected is None else expected * 40)


@pytest.mark.parametrize("changed", ["head_sha", "brief_sha256", "snapshot_sha256"])
def test_a_verdict_is_bound_to_the_commit_the_brief_and_the_text(changed: str) -> None:
    given = Binding(head_sha="a", brief_sha256="b", snapshot_sha256="c")
    assert given == replace(given)
    assert given != replace(given, **{changed: "another"})
