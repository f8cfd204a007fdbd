from __future__ import annotations

import pytest

from forge_loop.domain.overlap import Meeting, Territory, meeting, reason


def territory(job: int, *paths: str) -> Territory:
    return Territory(job=job, issue=job + 40, paths=frozenset(paths))


@pytest.mark.parametrize(
    ("ours", "theirs", "path"),
    [
        ((), (), None),
        (("a.py",), (), None),
        ((), ("a.py",), None),
        (("a.py",), ("b.py",), None),
        (("a.py",), ("a.py",), "a.py"),
        (("src",), ("src/a.py",), "src/a.py"),
        (("src/a.py",), ("src",), "src/a.py"),
        (("src/a",), ("src/a.py",), None),
        (("src/a.py",), ("a.py",), None),
        (("b.py", "a.py"), ("a.py", "b.py"), "a.py"),
    ],
)
def test_two_jobs_meet_in_a_file_or_below_a_directory(
    ours: tuple[str, ...], theirs: tuple[str, ...], path: str | None
) -> None:
    found = meeting(territory(1, *ours), [territory(2, *theirs)])
    assert found == (None if path is None else Meeting(with_issue=42, path=path))


def test_the_oldest_job_at_work_is_named() -> None:
    others = [territory(3, "a.py"), territory(2, "a.py"), territory(1, "b.py")]
    assert meeting(territory(9, "a.py"), others) == Meeting(with_issue=42, path="a.py")


def test_a_job_does_not_meet_itself() -> None:
    assert meeting(territory(1, "a.py"), [territory(1, "a.py")]) is None


def test_the_reason_names_the_file_and_the_job_it_waits_for() -> None:
    told = reason(Meeting(with_issue=42, path="a.py"))
    assert told.code == "overlap"
    assert "a.py" in told.text
    assert "#42" in told.text
