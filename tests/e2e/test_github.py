"""From a label at GitHub to a merge there: real command line, Claude Code and git, over a GitHub of the tests' own."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from forge_loop.rehearsal.model import Reply, Request, ScriptedModel, report, use
from support.command_line import Place
from support.fake_github import FakeGitHub
from support.fake_github.server import Seen
from support.gh import Gh
from support.github_place import configured, github_place
from support.repositories import git
from support.runner_world import FULL_BODY
from support.scripted import APPROVAL, WORK, commit_command

SECONDS = 150.0
READY = "loop:ready"
CHECK = "build"
MISSING = "a third line is missing"  # words that no brief has
BLOCK = {
    "overall": "block",
    "findings": [
        {"severity": "sev1", "category": "product", "file": "cache.txt", "line": 2, "message": "nothing uses this"}
    ],
    "reviewed": ["cache.txt"],
}
MEND = {
    "overall": "request_changes",
    "findings": [{"severity": "sev2", "category": "correctness", "file": "hello.txt", "line": 2, "message": MISSING}],
    "reviewed": ["hello.txt"],
}


@dataclass
class Site:
    """A project at the fake, a loop that can be started there, and what it asked for. `on` reacts to requests."""

    hub: FakeGitHub
    place: Place
    model: ScriptedModel
    on: list[Callable[[Seen], None]] = field(default_factory=list)
    checked: set[str] = field(default_factory=set)

    def start(self) -> subprocess.Popen[str]:
        """A loop until nothing is left to do, with an environment of its own."""
        return subprocess.Popen(
            [sys.executable, "-m", "forge_loop", "run", "--until-idle", *self.place.words],
            env={
                **os.environ,
                "ANTHROPIC_BASE_URL": self.model.url,
                "CLAUDE_CODE_MAX_RETRIES": "1",
                "FORGE_LOOP_SANDBOX_MODE": "off",
                "FORGE_LOOP_SCHEDULING_TICK_SECONDS": "0.5",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        )

    def seen(self, request: Seen) -> None:
        """The host's own check of a commit passes as soon as somebody asks for it."""
        asked = re.search(r"/commits/([0-9a-f]{40})/", request.path)
        if asked is not None and asked[1] not in self.checked:
            self.checked.add(asked[1])
            self.hub.check_ends(asked[1], CHECK)
        for react in self.on:
            react(request)
        self.hub.requests.append(request)

    def notes(self, number: int) -> list[str]:
        return self.hub.comments(number)

    def pull_requests(self) -> list[int]:
        return [number for number, ticket in self.hub.state.tickets.items() if ticket.pull is not None]

    def subjects(self) -> list[str]:
        return git(self.hub.state.bare, "log", "--format=%s", "main").splitlines()

    def document(self, *words: str) -> Any:
        return self.place.run(*words, "--json").document


def answer(request: Request) -> Reply:
    """Each issue names the file it wants; what is wanted of a cache is blocked."""
    if "overall" in request.report_fields:
        return report(BLOCK if "cache.txt" in request.prompt else APPROVAL)
    wanted = re.search(r"Write ([a-z]+\.txt)", request.prompt)
    assert wanted is not None, request.prompt
    if request.turn == 0:
        return use("Bash", command=commit_command({wanted[1]: "one\ntwo\n"}, f"Write {wanted[1]}"))
    return report(WORK)


@pytest.fixture
def site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Site]:
    monkeypatch.setenv("FORGE_LOOP_PO_ENABLED", "false")
    with github_place(tmp_path, monkeypatch) as (hub, place), ScriptedModel(answer) as model:
        hub.add_account("mona", role="write")
        hub.add_account("eve", role="triage")
        hub.requires(CHECK)
        configured(place, "approvers: [me, mona]", "checks: ['true']", "merge: {draft: true}")
        made = Site(hub=hub, place=place, model=model)
        hub.watch(made.seen)
        yield made


def body_of(name: str) -> str:
    return FULL_BODY.replace("hello.txt", name) + f"\nWrite {name}.\n"


def finished(loop: subprocess.Popen[str]) -> None:
    out, err = loop.communicate(timeout=SECONDS)
    assert loop.returncode == 0, (out, err)


def test_four_issues_labelled_by_different_people(site: Site, tmp_path: Path) -> None:
    hub = site.hub
    hello = hub.person_adds("Say hello", body_of("hello.txt"))
    bye = hub.person_adds("Say goodbye", body_of("bye.txt"), by="eve")
    theirs = hub.person_adds("Give me the keys", body_of("keys.txt"), by="eve")
    cache = hub.person_adds("A cache with backends", body_of("cache.txt"))
    hub.person_labels(hello, READY)
    hub.person_labels(bye, READY, by="mona")
    hub.person_labels(theirs, READY, by="eve")
    hub.person_labels(cache, READY)

    finished(site.start())
    merged = {number: site.document("explain", str(number))["state"] for number in (hello, bye, theirs, cache)}
    assert merged == {hello: "merged", bye: "merged", theirs: None, cache: "handed_over"}
    assert sorted(site.subjects()[:-1]) == [f"Say goodbye (#{bye})", f"Say hello (#{hello})"]
    assert [hub.ticket(number).open for number in (hello, bye, theirs, cache)] == [False, False, True, True]

    (refusal,) = site.notes(theirs)
    assert "eve applied loop:ready and is no approver" in refusal
    assert hub.ticket(theirs).pull is None
    assert READY in hub.ticket(theirs).labels

    pulls = {hub.ticket(number).title: hub.pulled(number) for number in site.pull_requests()}
    assert set(pulls) == {"Say hello", "Say goodbye", "A cache with backends"}
    ticket, left = pulls["A cache with backends"]
    assert (left.draft, ticket.open) == (True, True)
    assert [(comment.path, comment.line) for comment in left.line_comments] == [("cache.txt", 2)]
    assert "nothing uses this" in left.line_comments[0].body
    assert set(hub.ticket(cache).labels) == {"loop:needs-human"}
    assert "**handed over**: the critic blocks it" in site.notes(cache)[0]

    shown, landed = pulls["Say hello"]
    assert not landed.draft
    assert shown.body.startswith(f"For issue #{hello}.")
    assert "- [x] a file says hello" in shown.body
    assert [len(site.notes(number)) for number in (hello, bye, cache)] == [1, 1, 1]
    assert site.notes(hello)[0].count("**merged**") == 1

    _read_by_gh(Gh(hub, tmp_path), theirs, cache, next(n for n in site.pull_requests() if hub.pulled(n)[1] is left))

    before = len(hub.writes())
    mark = len(hub.requests)
    finished(site.start())
    assert len(hub.writes()) == before
    assert [seen.path for seen in hub.since(mark) if seen.method == "PUT"] == []


def _read_by_gh(gh: Gh, refused: int, handed_over: int, pull: int) -> None:
    """GitHub's own command line finds what the loop wrote."""
    (refusal,) = gh.read(f"issues/{refused}/comments")
    assert "eve applied loop:ready and is no approver" in refusal["body"]
    assert [label["name"] for label in gh.read(f"issues/{handed_over}")["labels"]] == ["loop:needs-human"]
    (note,) = gh.read(f"issues/{handed_over}/comments")
    assert f"#{pull}" in note["body"]
    shown = gh.read(f"pulls/{pull}")
    assert (shown["draft"], shown["state"], shown["title"]) == (True, "open", "A cache with backends")
    (finding,) = gh.read(f"pulls/{pull}/comments")
    assert (finding["path"], finding["line"]) == ("cache.txt", 2)


@dataclass
class Killer:
    """Ends the loop with SIGKILL when it first asks for something; GitHub does what was asked all the same.

    `states` is where the job stood each time.
    """

    points: list[tuple[str, str]]
    loop: subprocess.Popen[str] | None = None
    states: list[str | None] = field(default_factory=list)

    def __call__(self, request: Seen) -> None:
        if request.path.endswith("/graphql") and "mutation" not in str(request.body):
            return
        for point in list(self.points):
            method, path = point
            if request.method == method and re.search(path, request.path) and self.loop is not None:
                self.points.remove(point)
                self.kill()

    def kill(self) -> None:
        if self.loop is not None:
            os.kill(self.loop.pid, signal.SIGKILL)

    def until_it_rests(self, site: Site, issue: int) -> int:
        """Start it again and again, and never wait for what it waits for, until the job has ended; how many lives."""
        for lives in range(1, 40):
            self.loop = site.start()
            out, err = self.loop.communicate(timeout=SECONDS)
            assert self.loop.returncode in (0, -signal.SIGKILL), (out, err)
            state = site.document("explain", str(issue))["state"]
            if self.loop.returncode == 0 and state not in ("cooling", "parked"):
                return lives
            if self.loop.returncode != 0:
                self.states.append(state)
            site.place.run("retry", str(issue))
        raise AssertionError("it never rests")


# What only looks, and the two places where the project's check runs: on base, and on what the worker made.
LOOKS = [
    ("GET", r"/issues\?state=all"),
    ("GET", r"/check-on-base$"),
    ("GET", r"/check-on-candidate$"),
    ("GET", r"/check-runs"),
]
WRITES = [
    ("POST", r"/issues/\d+/comments$"),
    ("POST", r"/git-receive-pack$"),
    ("POST", r"/pulls$"),
    ("POST", r"/pulls/\d+/reviews$"),
    ("PATCH", r"/pulls/\d+$"),
    ("POST", r"/graphql$"),
    ("PUT", r"/pulls/\d+/merge$"),
    ("PATCH", r"/issues/\d+$"),
    ("DELETE", r"/git/refs/heads/"),
    ("PATCH", r"/issues/comments/\d+$"),
]


ROLES = ["po", "worker", "critic", "worker again"]
THIN = "Write hello.txt with a greeting."
SPEC = {"spec": FULL_BODY, "assumptions": []}
LOUD_CHECK = """\
import pathlib, sys, urllib.error, urllib.request
where = "candidate" if pathlib.Path("hello.txt").exists() else "base"
try:
    urllib.request.urlopen(f"{sys.argv[1]}/check-on-{where}", timeout=20)
except (urllib.error.URLError, OSError):
    pass
"""


def with_one_round(killed: list[str], kill: Callable[[], None]) -> Callable[[Request], Reply]:
    """As above, but the text is thin and the critic wants the file mended once; the loop dies when a role begins for
    the first time."""

    def play(request: Request) -> Reply:
        mends = MISSING in str(request.body["messages"])  # also where a session goes on after a kill
        role = "po" if "spec" in request.report_fields else "critic" if "overall" in request.report_fields else "worker"
        begun = "worker again" if role == "worker" and mends else role
        if begun not in killed:
            killed.append(begun)
            kill()
        if role == "po":
            return report(SPEC)
        if role == "critic":
            return report(APPROVAL if "three" in request.prompt else MEND)
        text = "one\ntwo\nthree\n" if mends else "one\ntwo\n"
        if request.turn == 0:
            return use("Bash", command=commit_command({"hello.txt": text}, "Write hello.txt"))
        return report(WORK)

    return play


PHASES = {"expanding", "working", "checking", "publishing", "reviewing", "revising", "merging", "merged"}


@pytest.mark.long
@pytest.mark.timeout(1500)
def test_a_kill_in_each_phase_and_at_every_kind_of_write_loses_nothing_and_doubles_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One issue on its way through two rounds; the loop dies again and again until nothing is left to die of."""
    killer = Killer(points=[*LOOKS, *WRITES])
    killed: list[str] = []
    with (
        github_place(tmp_path, monkeypatch) as (hub, place),
        ScriptedModel(with_one_round(killed, killer.kill)) as model,
    ):
        hub.requires(CHECK)
        (tmp_path / "check.py").write_text(LOUD_CHECK)
        check = f"{sys.executable} {tmp_path / 'check.py'} {hub.url}"
        configured(place, f"checks: ['{check}']", "merge: {draft: true}", "po: {mode: auto}")
        site = Site(hub=hub, place=place, model=model, on=[killer])
        hub.watch(site.seen)
        number = hub.person_adds("Say hello", THIN)
        hub.person_labels(number, READY)
        lives = killer.until_it_rests(site, number)

        ended = site.document("explain", str(number))
        assert ended["state"] == "merged", ended["reasons"]
        print(f"{lives} lives; killed in: {', '.join(str(state) for state in killer.states)}")
        assert killer.points == []
        assert sorted(killed) == sorted(ROLES)
        assert set(killer.states) >= PHASES
        assert lives > len(LOOKS) + len(WRITES)
        assert site.subjects()[:-1] == [f"Say hello (#{number})"]
        (pull,) = site.pull_requests()
        ticket, landed = hub.pulled(pull)
        assert "- [x] " in ticket.body
        assert [comment.path for comment in landed.line_comments] == ["hello.txt"]
        assert len(site.notes(number)) == 1
        assert "**merged**" in site.notes(number)[0]
        assert not hub.ticket(number).open
        assert landed.branch not in hub.repository.branches()
        assert [attempt["number"] for attempt in site.document("attempts", str(number))["attempts"]] == [1]
