"""The worker's report: exactly what was asked for, or none."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings

from forge_loop.domain.worker_report import WORKER_SCHEMA, WorkerReport, WorkerStatus, parse_worker_report
from support.json_schema import JSON, accepts, nearly, values

REPORT: dict[str, Any] = {"status": "done", "summary": "greets", "tests_run": ["pytest -q"], "notes": ""}


@pytest.mark.parametrize("status", WorkerStatus)
def test_a_report_is_taken_word_for_word(status: WorkerStatus) -> None:
    expected = WorkerReport(status=status, summary="greets", tests_run=("pytest -q",), notes="")
    assert parse_worker_report({**REPORT, "status": status.value}) == expected


@pytest.mark.parametrize(
    "changes",
    [
        {"status": "finished"},
        {"status": "DONE"},
        {"status": None},
        {"status": ["done"]},
        {"summary": ""},
        {"summary": " \n"},
        {"summary": 1},
        {"summary": None},
        {"tests_run": None},
        {"tests_run": "pytest -q"},
        {"tests_run": [1]},
        {"tests_run": {}},
        {"notes": None},
        {"notes": 0},
        {"merged": True},
    ],
)
def test_anything_else_is_no_report(changes: dict[str, object]) -> None:
    assert parse_worker_report({**REPORT, **changes}) is None


@pytest.mark.parametrize("name", REPORT)
def test_a_report_with_a_field_missing_is_none(name: str) -> None:
    assert parse_worker_report({key: value for key, value in REPORT.items() if key != name}) is None


@pytest.mark.parametrize("report", [None, [], "done", {}, True])
def test_what_is_no_report_at_all_is_none(report: object) -> None:
    assert parse_worker_report(report) is None


@settings(deadline=None)
@given(values(WORKER_SCHEMA))
def test_what_the_schema_asks_for_is_understood(report: dict[str, Any]) -> None:
    parsed = parse_worker_report(report)
    assert parsed is not None
    assert (str(parsed.status), parsed.summary, list(parsed.tests_run), parsed.notes) == tuple(
        report[name] for name in ("status", "summary", "tests_run", "notes")
    )


@settings(deadline=None)
@given(nearly(WORKER_SCHEMA) | JSON)
def test_schema_and_parser_refuse_the_same(report: Any) -> None:
    assert (parse_worker_report(report) is not None) is accepts(WORKER_SCHEMA, report)
