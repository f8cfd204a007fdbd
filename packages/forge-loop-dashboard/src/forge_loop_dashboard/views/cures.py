"""What lifts each reason why an issue does not run, said with the buttons of its page.

Owns: those sentences. Must not: judge whether a reason holds (`explain` does).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from forge_loop.extension import JobState


@dataclass(frozen=True, kw_only=True, slots=True)
class Cure:
    """`does` is what to do, naming buttons of the issue's page; `command` is the same from a terminal, with {issue}."""

    does: str
    command: str = ""


_ITSELF = "Nothing to do: "
_AGAIN = "forge-loop issue approve {issue}"
_APPROVE = Cure(does="Read the text below, then press Approve.", command=_AGAIN)
_RESUME = "forge-loop resume"
_LIFTED: Mapping[str, Cure] = {
    "not_approved": _APPROVE,
    "edited": Cure(does="Read what it says now, then press Approve.", command=_AGAIN),
    "approver_unknown": _APPROVE,
    "approver_not_trusted": Cure(does="If you want it, press Approve: then it is your word.", command=_AGAIN),
    "blocked_label": Cure(does="Press Approve: that takes the label away.", command=_AGAIN),
    "hidden_text": Cure(
        does="Read the hidden text below. If it is harmless, tick the box and press Approve.",
        command=_AGAIN + " --accept-hidden",
    ),
    "closed": Cure(does="Open the issue again in the tracker."),
    "unreadable": Cure(does="Mend what the tracker names; the next tick reads it again."),
    "unknown": Cure(does=_ITSELF + "the next tick of a running loop reads the tracker again."),
    "blocked_by": Cure(does=_ITSELF + "it is taken in once that issue is closed."),
    "blocker_unknown": Cure(does="Mend the number in the text of the issue, then press Approve."),
    "open_pull_requests": Cure(does="Merge or close a pull request, or raise scheduling.max_open_pull_requests."),
    "jobs_per_hour": Cure(does=_ITSELF + "the hour passes; scheduling.max_jobs_per_hour says how many it allows."),
    "eligible": Cure(does=_ITSELF + "the next tick takes it in."),
    "queued": Cure(does=_ITSELF + "the next tick claims it."),
    "no_free_slot": Cure(does=_ITSELF + "it is next when a slot is free; scheduling.parallel says how many there are."),
    "overlap": Cure(does=_ITSELF + "it starts when that job rests."),
    "paced": Cure(does=_ITSELF + "the loop slows down before a usage limit, and speeds up after it."),
    "loop_not_running": Cure(does="Start the loop in a terminal, in the project.", command="forge-loop run"),
    "paused": Cure(does="Press Resume.", command=_RESUME),
    "halted": Cure(does="Mend what the reason names, then press Resume.", command=_RESUME),
    "base_unknown": Cure(does=_ITSELF + "the loop looks at base first.", command="forge-loop doctor"),
    "base_unchecked": Cure(does=_ITSELF + "the loop runs the checks on the untouched base first."),
    "base_red": Cure(does="Make the checks pass on base; the loop sees the new commit by itself."),
    "base_diverged": Cure(does="Bring base together again as the reason says; the loop sees it by itself."),
    "storage_low": Cure(does="Make room on the disk; the loop goes on by itself.", command="forge-loop doctor"),
    str(JobState.COOLING): Cure(
        does="It goes on by itself at that time. Sooner: press Retry now.", command="forge-loop retry {issue}"
    ),
    str(JobState.PARKED): Cure(
        does="It goes on by itself at that time. Sooner: press Retry now or Resume.", command=_RESUME
    ),
    str(JobState.HANDED_OVER): Cure(
        does="Read the findings. Merge the pull request yourself, or mend the text and press Approve: it starts again.",
        command=_AGAIN,
    ),
    str(JobState.GIVEN_UP): Cure(
        does="Read the last attempt. Approve starts it again with fresh attempts.", command=_AGAIN
    ),
    str(JobState.YIELDED): Cure(does="A person took it over. Approve gives it back to the loop.", command=_AGAIN),
    str(JobState.CANCELLED): Cure(does="Approve starts it again.", command=_AGAIN),
}


def cure(code: str, issue: int) -> Cure | None:
    """What lifts a reason; None for one that needs nothing, such as what is under way."""
    found = _LIFTED.get(code) or _LIFTED.get(code.removeprefix("was_"))
    if found is None:
        return None
    return Cure(does=found.does, command=found.command.format(issue=issue))
