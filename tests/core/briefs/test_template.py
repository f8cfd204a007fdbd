"""The syntax of templates, and the single pass."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from forge_loop.briefs.template import Template
from forge_loop.errors import BriefError


def template(text: str) -> Template:
    return Template(text=text, origin="worker.md.tmpl", names=frozenset({"branch", "checks"}))


def test_every_placeholder_is_replaced() -> None:
    values = {"branch": "forge/4-1", "checks": "pytest"}
    assert template("{{ branch }}: {{ checks }} {{ branch }}").render(values) == "forge/4-1: pytest forge/4-1"


@given(st.text(), st.text())
def test_a_value_is_put_in_verbatim_and_never_read_again(branch: str, checks: str) -> None:
    rendered = template("<{{ branch }}|{{ checks }}>").render({"branch": branch, "checks": checks})
    assert rendered == f"<{branch}|{checks}>"


def test_a_value_that_looks_like_a_placeholder_stays_as_it_is() -> None:
    values = {"branch": "{{ checks }} \\g<name> \\1 {0} %s", "checks": "secret"}
    assert template("{{ branch }}").render(values) == values["branch"]


@pytest.mark.parametrize(
    "written",
    [
        "{{branch}}",
        "{{  branch }}",
        "{{ branch",
        "branch }}",
        "{{ branch.upper }}",
        "{{ branch | upper }}",
        "{{ Branch }}",
        "{{{ branch }}}",
        "{{{ branch }}",
        "{{ branch }}}",
        "{{ br\nanch }}",
        "{{ }}",
    ],
)
def test_a_malformed_placeholder_is_told_with_its_line(written: str) -> None:
    problems = template(f"fine\n{written}").problems()
    assert problems[0].startswith("worker.md.tmpl:2: ")
    with pytest.raises(BriefError, match=r"worker\.md\.tmpl:2: "):
        template(f"fine\n{written}").render({"branch": "a", "checks": "b"})


def test_an_unknown_name_is_told_with_its_line_and_the_names_there_are() -> None:
    assert template("\n\n{{ brunch }}").problems() == (
        "worker.md.tmpl:3: unknown name 'brunch'; this brief knows branch, checks",
    )


def test_a_missing_value_is_an_error_even_where_the_template_does_not_use_it() -> None:
    with pytest.raises(BriefError, match=r"missing: \['checks'\]"):
        template("{{ branch }}").render({"branch": "a"})


def test_a_value_outside_the_closed_set_is_an_error() -> None:
    with pytest.raises(BriefError, match=r"unknown: \['extra'\]"):
        template("{{ branch }}").render({"branch": "a", "checks": "b", "extra": "c"})
