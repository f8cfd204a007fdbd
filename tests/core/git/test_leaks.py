from __future__ import annotations

from pathlib import Path

import pytest

from forge_loop.domain.candidate import Harvest
from forge_loop.git import ControlRepository, LocalWorkspaces
from support.planted_secrets import ALL, SECRETS
from support.repositories import commit, make_bare, make_checkout
from support.runner_world import git

TOKEN = SECRETS["github classic"][1]


class Rig:
    """A base that holds one token already, and a workspace over it."""

    def __init__(self, root: Path) -> None:
        checkout = make_checkout(root / "project")
        self.base = commit(checkout, {"fixture.txt": f"{TOKEN}\n"}, "A fixture")
        control = ControlRepository(root / "control.git", str(make_bare(root / "origin.git", checkout)))
        control.fetch()
        self.workspaces = LocalWorkspaces(root / "workspaces", control)
        self.place = root / "workspaces" / "work"
        self.workspaces.create(self.place, sha=self.base, branch="forge/1-1", base_sha=self.base)

    def commit(self, files: dict[str, str], message: str = "work") -> None:
        for name, text in files.items():
            (self.place / name).write_text(text)
        git(self.place, "add", "-A")
        git(self.place, "commit", "-q", "-m", message)

    def harvest(self) -> Harvest:
        return self.workspaces.harvest(self.place, ref="1/1", base_sha=self.base, protected=())


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path)


@pytest.mark.parametrize("name", [name for name in ALL if name not in SECRETS or name == "private key"])
def test_a_secret_in_a_file_is_a_problem_that_is_named_and_not_shown(name: str, rig: Rig) -> None:
    what, secret = ALL[name]
    rig.commit({"new.txt": f"before\n{secret}\nafter\n"})
    found = rig.harvest().problems
    assert f"it holds what looks like {what}" in found
    assert secret not in str(found)


def test_a_secret_that_a_later_commit_takes_out_again_would_be_pushed_all_the_same(rig: Rig) -> None:
    rig.commit({"new.txt": ALL["slack bot"][1]})
    rig.commit({"new.txt": "nothing any more\n"})
    assert rig.harvest().problems == ("it holds what looks like a Slack token",)


def test_a_secret_in_a_commit_message_is_a_problem(rig: Rig) -> None:
    rig.commit({"new.txt": "x\n"}, message=f"Use {ALL['anthropic'][1]}")
    assert rig.harvest().problems == ("a commit message holds what looks like an Anthropic key",)


def test_one_that_base_holds_in_the_same_file_is_no_news(rig: Rig) -> None:
    rig.commit({"fixture.txt": f"{TOKEN}\nand one more line\n"})
    assert rig.harvest().problems == ()


def test_another_one_in_that_file_is(rig: Rig) -> None:
    rig.commit({"fixture.txt": f"{TOKEN}\n{TOKEN[:-3]}xyz\n"})
    assert rig.harvest().problems == ("it holds what looks like a GitHub token",)


def test_a_huge_file_that_is_taken_out_again_is_a_problem(rig: Rig) -> None:
    rig.commit({"big.txt": "x" * (10 * 1024 * 1024 + 1), "small.txt": "x\n"})
    (rig.place / "big.txt").unlink()
    rig.commit({"small.txt": "y\n"})
    assert rig.harvest().problems == (f"its history holds a file of {10 * 1024 * 1024 + 1} bytes",)
