"""Tests of the names that reach git."""

from __future__ import annotations

import pytest

from forge_loop.errors import RefusedError
from forge_loop.git.names import branch_ref, forge_ref


@pytest.mark.parametrize("name", ["main", "forge/42-7", "feature/Größe", "release-1.2", "a", "user@host"])
def test_a_branchs_name_becomes_a_ref(name: str) -> None:
    assert branch_ref(name) == f"refs/heads/{name}"


@pytest.mark.parametrize(
    "name",
    [
        *("", "-x", "--all", "/a", "a/", "a//b", "a..b", ".a", "a/.b", "a.lock", "a.lock/b", "a."),
        *("a b", "a\n", "a~1", "a^", "a:b", "a?", "a*", "a[b", "a\\b", "a@{1}", "\x7f"),
    ],
)
def test_what_is_no_branchs_name_is_refused(name: str) -> None:
    with pytest.raises(RefusedError, match="is not the name of a branch"):
        branch_ref(name)


def test_harvested_refs_have_a_place_of_their_own() -> None:
    assert forge_ref("42/7") == "refs/forge/42/7"
    with pytest.raises(RefusedError):
        forge_ref("../heads/main")
