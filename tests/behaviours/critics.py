"""What critics say, and what the loop makes of it: one row a behaviour.

Owns: the table. Must not: check anything that `played` checks for every issue.
"""

from __future__ import annotations

import threading
from collections.abc import Mapping
from typing import Any

from behaviours.case import Case, handed_over, merged
from behaviours.played import Played
from behaviours.workers import SAVE, does, the_pull_request_stays
from forge_loop.domain.job import FailureKind as Kind
from forge_loop.rehearsal.model import Answer, Reply, Request, report, use
from support.scripted import APPROVAL, critic, findings, play, rounds

Verdict = Mapping[str, Any]
NOTHING_READ = {**APPROVAL, "reviewed": []}
LARGE = does("seq 200 > long.txt", SAVE)


def reviews(*verdicts: Verdict) -> Answer:
    """One verdict after the other: a brief repeats what earlier ones found."""

    def answer(request: Request) -> Reply:
        told = [any(each["message"] in request.prompt for each in verdict["findings"]) for verdict in verdicts]
        return report(verdicts[min(sum(told), len(verdicts) - 1)])

    return answer


def approving(verdict: Verdict) -> Verdict:
    return {**verdict, "overall": "approve"}


def blocking(text: str, category: str) -> Verdict:
    return {**findings(text, severity="sev1", category=category), "overall": "block"}


def reads_on(request: Request) -> Reply:
    """Alive, and never at its end."""
    return Reply(tools=(("Read", {"file_path": "README"}),), wait=5.0)


def its_finding_stays_open(played: Played) -> None:
    assert [(each.severity, each.closed_at) for each in played.findings] == [("sev3", None)]


def insists(request: Request) -> Reply:
    """Names the same thing in two reviews, the second time with another."""
    if "a second thing" in request.prompt:
        return report(APPROVAL)
    again = "the first thing" in request.prompt
    return report(findings("the first thing", *(["a second thing"] if again else [])))


def looks_at_what_is_new(request: Request) -> Reply:
    """Is shown the whole change in each review, and from the second on what came since the last one."""
    again = "the full stop is missing" in request.prompt
    assert "+What was asked." in _block("diff", request.prompt)
    assert ("+What was asked." in _block("delta", request.prompt)) is again
    return report(APPROVAL if again else findings("the full stop is missing"))


def _block(name: str, prompt: str) -> str:
    return prompt.split(f"begin data {name} ")[1].split(f"end data {name} ")[0]


def points_nowhere(request: Request) -> Reply:
    """A finding out of the tree, in words that no text can hold; then an approval."""
    place = {"file": "../../../etc/passwd", "line": 2**31 - 1}
    wrong = {"severity": "sev2", "category": "security", "message": "look \ud800 here \x00\x1b[2J", **place}
    asked = {"overall": "request_changes", "findings": [wrong], "reviewed": ["\udcff"]}
    return report(APPROVAL if "etc/passwd" in request.prompt else asked)


def it_kept_its_id(played: Played) -> None:
    assert [event.data["findings"] for event in played.told("review.finished")] == [1, 2, 0]
    assert [finding.message for finding in played.findings] == ["the first thing", "a second thing"]
    assert all(finding.closed_at is not None for finding in played.findings)


def nothing_was_written(played: Played) -> None:
    assert list(played.layout.root.rglob("by-the-critic.txt")) == []


CRITICS = (
    Case(
        "asks for changes once",
        does(SAVE),
        merged(rounds=1, sessions=4, tells=("finding.opened", "finding.closed")),
        critic=looks_at_what_is_new,
        often=True,
    ),
    Case(
        "asks for the same change twice",
        does(SAVE),
        merged(rounds=2, sessions=6),
        critic=insists,
        proof=it_kept_its_id,
    ),
    Case(
        "asks for changes in every round",
        does(SAVE),
        handed_over("after 3 rounds of revision", kind=Kind.WORKER_FAILED, charged=1, rounds=3, sessions=8),
        critic=critic(findings("it is not good enough")),
        proof=the_pull_request_stays,
    ),
    Case(
        "blocks",
        does(SAVE),
        handed_over("the critic blocks it: security: it opens a door"),
        critic=critic(blocking("it opens a door", "security")),
        often=True,
        proof=the_pull_request_stays,
    ),
    Case(
        "approves with a finding that does not block",
        does(SAVE),
        merged(tells=("finding.opened",)),
        critic=critic(approving(findings("a better name", severity="sev3", category="style"))),
        proof=its_finding_stays_open,
    ),
    Case(
        "approves with a finding that blocks",
        does(SAVE),
        merged(rounds=1, sessions=4),
        critic=reviews(approving(findings("the answer is wrong")), APPROVAL),
    ),
    Case(
        "finds scaffold theatre",
        does(SAVE),
        merged(rounds=1, sessions=4),
        critic=reviews(findings("nothing uses this backend", category="product"), APPROVAL),
    ),
    Case(
        "knows a severity of its own",
        does(SAVE),
        handed_over("without its report", kind=Kind.NO_REPORT, charged=1),
        critic=critic(approving(findings("hm", severity="sev4"))),
        proof=the_pull_request_stays,
    ),
    Case(
        "finds more than anybody can mend",
        does(SAVE),
        handed_over("without its report", kind=Kind.NO_REPORT, charged=1),
        critic=critic(findings(*(f"thing {number} is wrong" for number in range(3000)))),
    ),
    Case(
        "names the commit that it approves",
        does(SAVE),
        handed_over("without its report", kind=Kind.NO_REPORT, charged=1),
        critic=critic({**APPROVAL, "head_sha": "0" * 40}),
    ),
    Case(
        "points at places that are not there",
        does(SAVE),
        merged(rounds=1, sessions=4),
        critic=points_nowhere,
    ),
    Case(
        "never gives a verdict",
        does(SAVE),
        handed_over("without its report", kind=Kind.NO_REPORT, charged=1),
        critic=play(Reply(text="Looks good to me.")),
    ),
    Case(
        "approves a large change and names nothing it read",
        LARGE,
        handed_over("names nothing that it reviewed", sessions=3),
        critic=critic(NOTHING_READ),
    ),
    Case(
        "names what it read when asked",
        LARGE,
        merged(sessions=3),
        critic=rounds(critic(NOTHING_READ), critic(APPROVAL)),
    ),
    Case(
        "reads on beyond its time",
        does(SAVE),
        handed_over("the time ran out (60 s)", kind=Kind.TIMED_OUT, charged=1),
        critic=reads_on,
    ),
    Case(
        "falls silent over a review",
        does(SAVE),
        handed_over("no sign of life", kind=Kind.STALLED, charged=1, tells=("watchdog.ended_session",)),
        critic=play(Reply(text="never heard", until=threading.Event())),
    ),
    Case(
        "tries to write",
        does(SAVE),
        merged(),
        critic=play(
            use("Write", file_path="by-the-critic.txt", content="x"),
            use("Bash", command="touch by-the-critic.txt"),
            report(APPROVAL),
        ),
        proof=nothing_was_written,
    ),
    Case(
        "reads outside its clone",
        does(SAVE),
        merged(tells=("session.permission_denied",)),
        critic=play(use("Read", file_path="/etc/hostname"), report(APPROVAL)),
    ),
)
