"""Issues: the newest job of each, chosen by a search, page by page, with what can be asked for many at once.

Owns: what the words of a search mean. Must not: read more rows than a page shows.
"""

from __future__ import annotations

from dataclasses import dataclass

from forge_loop.extension import Job, JobState
from forge_loop.status.jobs import newest_jobs
from forge_loop_dashboard.look import Facts, Look, View

PAGE = 50
NAMES = {
    "ready": (JobState.QUEUED,),
    "waiting": (JobState.QUEUED, JobState.COOLING, JobState.PARKED),
    "active": tuple(state for state in JobState if state.active),
    "needs-you": (JobState.HANDED_OVER, JobState.GIVEN_UP),
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Search:
    """`unknown` are qualifiers that mean nothing; they are told, and nothing is found."""

    states: tuple[JobState, ...] = ()
    issue: int | None = None
    words: str = ""
    unknown: tuple[str, ...] = ()


def parse(text: str) -> Search:
    """`state:cooling,parked issue:4 words of the title`; `#4` is short for `issue:4`."""
    states: list[JobState] = []
    words: list[str] = []
    unknown: list[str] = []
    issue: int | None = None
    for part in text.split():
        name, colon, given = part.partition(":")
        if name == "state" and colon:
            found = [state for each in given.split(",") for state in _states(each)]
            states.extend(found)
            unknown.extend([] if found else [part])
        elif name == "issue" and colon:
            number = given.removeprefix("#")
            if _is_number(number):
                issue = int(number)
            else:
                unknown.append(part)
        elif part.startswith("#") and _is_number(part[1:]):
            issue = int(part[1:])
        else:
            words.append(part)
    return Search(states=tuple(states), issue=issue, words=" ".join(words), unknown=tuple(unknown))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 10


def _states(name: str) -> tuple[JobState, ...]:
    plain = name.lower()
    return NAMES.get(plain) or tuple(state for state in JobState if str(state) == plain.replace("-", "_"))


def page(look: Look, limit: int = PAGE) -> tuple[Search, list[Job], int | None]:
    """The search, its page of jobs, and the id after which the next page begins."""
    search = parse(look.query.get("q", ""))
    with look.desk.store() as store:
        if store is None or search.unknown:
            return search, [], None
        found = newest_jobs(
            store,
            states=search.states,
            words=search.words,
            issue=search.issue,
            before=look.number("before"),
            limit=limit + 1,
        )
    jobs = found[:limit]
    return search, jobs, jobs[-1].id if len(found) > limit else None


def facts(look: Look) -> Facts:
    search, jobs, after = page(look)
    return {"search": search, "q": look.query.get("q", ""), "jobs": jobs, "after": after}


def controls(look: Look) -> Facts:
    return {"q": look.query.get("q", "")}


VIEW = View(name="issues", path="/issues", title="Issues", facts=facts, controls=controls, key="i")
