"""What an event says to a person: a headline, the detail, and the word for where its matter stands.

Owns: the sentences. Must not: know a channel's markup; everything here is plain text, some of it from strangers.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from forge_loop_integrations.routing import HUMAN

Data = Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Wording:
    """`state` is a word or two for the matter as it stands after this; empty where the event changes nothing of it."""

    headline: str
    detail: str = ""
    state: str = ""


def word(kind: str, data: Data) -> Wording:
    """The wording of an event. A kind without one of its own is told by its name and what it carries."""
    own = WORDINGS.get(kind)
    if own is not None:
        return own(data)
    said = "; ".join(f"{name}: {_plain(value)}" for name, value in data.items() if value not in (None, "", [], ()))
    return Wording(headline=kind.replace(".", " ").replace("_", " "), detail=said)


def _plain(value: Any) -> str:
    return ", ".join(map(str, value)) if isinstance(value, list | tuple) else str(value)


def _lines(values: Sequence[Any]) -> str:
    return "\n".join(f"- {value}" for value in values)


def _text(data: Data, name: str) -> str:
    found = data.get(name)
    return "" if found is None else str(found)


def _pull(data: Data) -> str:
    return f"Pull request #{data['pull_request']}." if data.get("pull_request") is not None else ""


def _merged(data: Data) -> Wording:
    detail = " ".join(part for part in (f"Commit {_text(data, 'commit')[:12]}.", _pull(data)) if part)
    return Wording(headline="merged", detail=detail, state="merged")


def _handed_over(data: Data) -> Wording:
    detail = "\n".join(part for part in (_text(data, "reason"), _pull(data)) if part)
    return Wording(headline="handed over: a person must finish it", detail=detail, state="handed over")


def _ended(headline: str, state: str) -> Callable[[Data], Wording]:
    return lambda data: Wording(headline=headline, detail=_text(data, "reason"), state=state)


def _parked(data: Data) -> Wording:
    return Wording(headline=f"parked until {_text(data, 'until')}", detail=_text(data, "reason"), state="parked")


def _cooled_down(data: Data) -> Wording:
    return Wording(
        headline=f"an attempt failed; the next one starts at {_text(data, 'until')}",
        detail=_text(data, "reason"),
        state="cooling down",
    )


def _advanced(data: Data) -> Wording:
    after = _text(data, "after").replace("_", " ")
    return Wording(headline=after, detail=_text(data, "reason"), state=after)


def _asked(data: Data) -> Wording:
    if data.get("node_kind") != HUMAN:
        return Wording(headline=f"{_text(data, 'node')} has begun")
    return Wording(
        headline=f"{_text(data, 'node')}: your word is needed before the merge",
        detail=f"About commit {_text(data, 'head_sha')[:12]}: forge-loop pipeline approve, or refuse.",
        state="waiting for you",
    )


def _answered(data: Data) -> Wording:
    return Wording(headline=f"{_text(data, 'node')} {_text(data, 'state')}", detail=_text(data, "detail"))


def _deployed(data: Data) -> Wording:
    status = _text(data, "status").replace("_", " ")
    exit_status = f" (exit status {data['exit_status']})" if data.get("exit_status") is not None else ""
    detail = "" if status == "succeeded" else _text(data, "output")
    return Wording(headline=f"deploy of {_text(data, 'commit')[:12]} {status}{exit_status}", detail=detail)


def _storage(data: Data) -> Wording:
    free = int(data.get("free_bytes") or 0) // 2**20
    return Wording(
        headline=f"only {free} MiB are left on the disk of the state directory", detail="Nothing new is begun."
    )


WORDINGS: Mapping[str, Callable[[Data], Wording]] = {
    "job.queued": lambda _: Wording(headline="taken in", state="queued"),
    "job.merged": _merged,
    "job.handed_over": _handed_over,
    "job.given_up": _ended("given up: the attempts are used up", "given up"),
    "job.yielded": _ended("left to a person who took over", "yielded"),
    "job.cancelled": _ended("cancelled", "cancelled"),
    "job.cooled_down": _cooled_down,
    "job.advanced": _advanced,
    "issue.refused": lambda data: Wording(
        headline="not taken in", detail=_lines(data.get("reasons") or ()), state="refused"
    ),
    "issue.released": lambda _: Wording(headline="the ready label went away", state="released"),
    "issue.approved": lambda data: Wording(headline=f"approved by {_text(data, 'actor')}", state="approved"),
    "spec.proposed": lambda data: Wording(
        headline="a spec is proposed and waits for your approval",
        detail=f"It adds: {_plain(data.get('missing') or ())}.",
        state="waiting for approval",
    ),
    "attempt.started": lambda data: Wording(headline=f"attempt {data.get('number')} started", state="working"),
    "attempt.finished": lambda data: Wording(
        headline=f"attempt {data.get('number')} ended: {_text(data, 'outcome')}", detail=_text(data, "note")
    ),
    "pull_request.opened": lambda data: Wording(headline=f"pull request #{data.get('pull_request')} opened"),
    "review.finished": lambda data: Wording(
        headline=f"the critic says {_text(data, 'overall').replace('_', ' ')}, {data.get('findings')} findings"
    ),
    "merge.refused": lambda data: Wording(headline="not merged", detail=_lines(data.get("reasons") or ())),
    "node.started": _asked,
    "node.finished": _answered,
    "deploy.finished": _deployed,
    "loop.started": lambda data: Wording(headline="the loop started", detail=_text(data, "pays"), state="running"),
    "loop.stopped": _ended("the loop stopped", "stopped"),
    "loop.paused": _ended("the loop is paused", "paused"),
    "loop.resumed": _ended("dispatch is open again", "running"),
    "loop.parked": _parked,
    "loop.unparked": _ended("the wait is over", "running"),
    "loop.halted": _ended("halted: nothing new starts before you act", "halted"),
    "config.rejected": lambda data: Wording(
        headline="an edited configuration cannot be used; the last good one stays",
        detail=_lines(data.get("problems") or ()),
        state="rejected",
    ),
    "config.reloaded": lambda data: Wording(
        headline="an edited configuration is in use", detail=_plain(data.get("changed") or ()), state="in use"
    ),
    "sink.failed": lambda data: Wording(
        headline=f"messages to {_text(data, 'sink')} do not arrive", detail=_text(data, "reason"), state="failing"
    ),
    "sink.recovered": lambda data: Wording(
        headline=f"messages to {_text(data, 'sink')} arrive again", state="recovered"
    ),
    "storage.low": _storage,
    "maintenance.proposed": lambda data: Wording(
        headline=f"maintenance proposes: {_text(data, 'proposed')}", detail=_text(data, "text")
    ),
    "request.applied": lambda data: Wording(headline=f"{_text(data, 'asked')}: done", detail=_text(data, "answer")),
    "request.refused": lambda data: Wording(headline=f"{_text(data, 'asked')}: refused", detail=_text(data, "answer")),
}
