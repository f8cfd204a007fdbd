"""The rehearsal in words: an event as a line, the summary as a page.

Owns: what a person reads while it plays and at its end. Must not: print, or colour.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from pathlib import Path

from forge_loop.domain.events import CheckFinished, FindingOpened, JobQueued, LoopStarted, SpecExpanded
from forge_loop.domain.job import JobState
from forge_loop.domain.recorded import Recorded
from forge_loop.rehearsal.summary import IssueSummary, Summary, stage_seconds, state_after

NEXT = (
    "forge-loop init --forge local",
    "forge-loop issue add 'What should be different' --approve",
    "forge-loop run",
)


def banner(version: str, *, live: bool) -> str:
    """The first line: what is real here and what is not. `version` is that of Claude Code."""
    if live:
        return f"live rehearsal: your own Claude ({version}) works on a sample repository"
    return (
        "offline rehearsal: the model is scripted, everything else is real "
        f"(Claude Agent SDK, Claude Code {version.partition(' ')[0]}, git, SQLite)"
    )


def pays(event: Recorded) -> str | None:
    """Who pays for the sessions, if this is the event that says so."""
    return str(event.data["pays"]) if event.kind == LoopStarted.kind else None


def line(event: Recorded) -> str | None:
    """What this event says about its issue, None if it says nothing that a spectator wants to know."""
    if event.kind == JobQueued.kind:
        return f"queued: {event.data['title']}"
    if event.kind == SpecExpanded.kind:
        return f"the po wrote a spec of {event.data['characters']} characters"
    if event.kind == CheckFinished.kind and event.data["status"] != 0:
        return f"failed: {event.data['command']}"
    if event.kind == FindingOpened.kind:
        place = f" {event.data['file']}" if event.data["file"] else ""
        return f"{event.data['severity']} {event.data['category']}{place}: {event.data['message']}"
    return _moved(event)


def _moved(event: Recorded) -> str | None:
    state = state_after(event)
    if state is None:
        return None
    if state is JobState.MERGED:
        return f"merged as {event.data['commit'][:12]}"
    reason = event.data.get("reason")
    return f"{words(state)}: {reason}" if reason else words(state)


def words(state: JobState) -> str:
    return state.replace("_", " ")


def page(summary: Summary, *, kept: Path | None) -> Iterator[str]:
    """The end: what was merged, how long each stage took, where to look (`kept`), what to type next."""
    yield from _issue_lines(summary)
    yield ""
    yield from _stage_lines(summary)
    yield ""
    yield from _places(summary, kept)
    yield ""
    yield "next, in a git repository of your own:"
    yield from (f"  {command}" for command in NEXT)
    yield ""
    yield _result(summary)


def _issue_lines(summary: Summary) -> Iterator[str]:
    yield f"{'issue':<6} {'outcome':<12} {'commit':<12} {'rounds':>6} {'sessions':>8} {'seconds':>8}  title"
    for issue in summary.issues:
        commit, took = (issue.commit or "-")[:12], sum(issue.seconds.values())
        yield (
            f"#{issue.issue:<5} {words(issue.outcome):<12} {commit:<12} {issue.rounds:>6} {issue.sessions:>8} "
            f"{took:>8.1f}  {issue.title}"
        )
        if issue.reason:
            yield f"       {_first_sentence(issue)}"


def _first_sentence(issue: IssueSummary) -> str:
    head, stop, _ = " ".join((issue.reason or "").split()).partition(". ")
    return head + stop.strip()


def _stage_lines(summary: Summary) -> Iterator[str]:
    yield f"{'stage':<12} {'issues':>6} {'seconds':>8} {'longest':>8}"
    table = stage_seconds(summary.issues)
    for stage in (state for state in JobState if state in table):
        count, total, longest = table[stage]
        yield f"{words(stage):<12} {count:>6} {total:>8.1f} {longest:>8.1f}"


def _places(summary: Summary, kept: Path | None) -> Iterator[str]:
    if kept is None:
        yield "the repository and the state are removed; to look at them: forge-loop demo --keep DIR"
        return
    project, state = shlex.quote(str(kept / "larder")), shlex.quote(str(summary.state_dir))
    handed_over = [issue.issue for issue in summary.issues if issue.outcome is JobState.HANDED_OVER]
    number = (handed_over or [1])[0]
    yield "where to look:"
    yield f"  git -C {shlex.quote(str(summary.repository))} log --oneline main"
    yield f"  forge-loop -C {project} --state-dir {state} explain {number}"
    yield f"  forge-loop -C {project} --state-dir {state} attempts {number}"
    yield f"  {summary.state_dir / 'events.jsonl'}"


def _result(summary: Summary) -> str:
    merged = sum(issue.outcome is JobState.MERGED for issue in summary.issues)
    tests = "merged main passes its own tests" if summary.passed else "merged main fails its own tests"
    return f"{merged} of {len(summary.issues)} issues merged in {summary.seconds:.1f} s; {tests}"
