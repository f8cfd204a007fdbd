"""GitHub's own checks of a commit: check runs, statuses, and what the rules of the base demand.

Owns: reading them whole, also where the token may not see check runs; the end of a failed job's log. Must not: judge
them (the domain does), or pass over one that is required.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from forge_loop.domain.host_checks import HostCheck, HostCheckState
from forge_loop.errors import UnreadableError
from forge_loop.forge.github.reading import understood
from forge_loop.forge.github.repository import Repository

ACTIONS = 15368
LOG_BYTES, LOG_LINES, LOGS_KEPT = 20_000, 50, 50
_STAMP = re.compile(r"^\ufeff?\d{4}-\d\d-\d\dT[\d:.]+Z ", re.MULTILINE)
_STATES = {
    "success": HostCheckState.PASSED,
    "neutral": HostCheckState.SKIPPED,
    "skipped": HostCheckState.SKIPPED,
    "failure": HostCheckState.FAILED,
    "error": HostCheckState.FAILED,
    "timed_out": HostCheckState.FAILED,
    "cancelled": HostCheckState.FAILED,
    "startup_failure": HostCheckState.FAILED,
}


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """One check as it was found. `app` is who made it, None for a status; `job` the Actions job with its log."""

    name: str
    app: int | None
    state: HostCheckState
    order: int
    job: int | None = None
    said: str = ""


@dataclass(frozen=True, kw_only=True, slots=True)
class Required:
    """`app` None: whoever says it."""

    name: str
    app: int | None


class HostChecks:
    """`base` is the branch whose rules count."""

    def __init__(self, repository: Repository, base: str) -> None:
        self._client = repository.client
        self._path = repository.path
        self._base = base
        self._logs: OrderedDict[int, str] = OrderedDict()

    def of(self, sha: str) -> list[HostCheck]:
        """Every check of the commit, required ones that have not appeared as pending."""
        runs, hidden = self._runs(sha)
        found = _newest([*runs, *self._statuses(sha)])
        required = self.required()
        for wanted in required if hidden else ():
            if wanted.app not in (None, ACTIONS) and not any(_meets(one, wanted) for one in found):
                raise UnreadableError(f"the check {wanted.name!r} is required, and this token may not see it")
        absent = [wanted for wanted in required if not any(_meets(one, wanted) for one in found)]
        shown = [self._shown(one, required) for one in found]
        return [
            *shown,
            *(HostCheck(name=wanted.name, state=HostCheckState.PENDING, required=True) for wanted in absent),
        ]

    def sees_check_runs(self, sha: str) -> bool:
        """Whether this token may look at check runs; else only Actions and statuses are seen."""
        return not self._runs(sha)[1]

    def required(self) -> list[Required]:
        """What the rulesets and the protection of the base demand, each once."""
        rules = self._client.pages(f"{self._path}/rules/branches/{quote(self._base, safe='')}") or []
        branch = self._client.get(f"{self._path}/branches/{quote(self._base, safe='')}").data
        with understood("the rules of the base"):
            wanted = [*_of_rules(rules), *_of_protection(branch)]
        return list(dict.fromkeys(wanted))

    def _runs(self, sha: str) -> tuple[list[Seen], bool]:
        """Check runs; where the token may not see them, the jobs of Actions, and that the rest is hidden."""
        listed = self._client.pages(
            f"{self._path}/commits/{sha}/check-runs", {"filter": "latest"}, under="check_runs", accept=(403,)
        )
        if listed is not None:
            with understood("the check runs"):
                return [_run(entry) for entry in listed], False
        runs = self._client.pages(f"{self._path}/actions/runs", {"head_sha": sha}, under="workflow_runs") or []
        found: list[Seen] = []
        with understood("the workflow runs"):
            for run in runs:
                path = f"{self._path}/actions/runs/{int(run['id'])}/jobs"
                jobs = self._client.pages(path, {"filter": "latest"}, under="jobs") or []
                found += [_job(entry) for entry in jobs]
                if not jobs and run["status"] != "completed":
                    found.append(_job(run))
        return found, True

    def _statuses(self, sha: str) -> list[Seen]:
        """The combined state says pending where there are none: the single ones count."""
        listed = self._client.pages(f"{self._path}/commits/{sha}/status", under="statuses") or []
        with understood("the statuses"):
            return [
                Seen(
                    name=str(entry["context"]),
                    app=None,
                    state=_STATES.get(entry["state"], HostCheckState.PENDING),
                    order=int(entry["id"]),
                    said=str(entry.get("description") or ""),
                )
                for entry in listed
            ]

    def _shown(self, one: Seen, required: Sequence[Required]) -> HostCheck:
        output = ""
        if one.state is HostCheckState.FAILED:
            output = (self._log(one.job) if one.job is not None else "") or one.said
        needed = any(_meets(one, wanted) for wanted in required)
        return HostCheck(name=one.name, state=one.state, required=needed, output=output)

    def _log(self, job: int) -> str:
        """The last lines of an Actions job. A log that was read stays as it is."""
        if job not in self._logs:
            text = _STAMP.sub("", self._client.tail(f"{self._path}/actions/jobs/{job}/logs", LOG_BYTES))
            if not text:
                return ""
            self._logs[job] = "\n".join(text.rstrip().splitlines()[-LOG_LINES:])
            while len(self._logs) > LOGS_KEPT:
                self._logs.popitem(last=False)
        return self._logs[job]


def _of_rules(rules: Iterable[Any]) -> list[Required]:
    found = []
    for rule in rules:
        if rule["type"] == "required_status_checks":
            for entry in rule["parameters"]["required_status_checks"]:
                found.append(Required(name=str(entry["context"]), app=_app(entry.get("integration_id"))))
    return found


def _of_protection(branch: Any) -> list[Required]:
    protection = branch.get("protection") or {}
    wanted = protection.get("required_status_checks") or {}
    checks = [Required(name=str(one["context"]), app=_app(one.get("app_id"))) for one in wanted.get("checks") or ()]
    named = {one.name for one in checks}
    loose = [Required(name=str(name), app=None) for name in wanted.get("contexts") or () if name not in named]
    return [*checks, *loose]


def _app(number: Any) -> int | None:
    """-1 is GitHub's "anybody"."""
    return int(number) if number is not None and int(number) > 0 else None


def _meets(one: Seen, wanted: Required) -> bool:
    return one.name == wanted.name and wanted.app in (None, one.app)


def _run(entry: Any) -> Seen:
    app = int(entry["app"]["id"]) if entry.get("app") else None
    said = entry.get("output") or {}
    return Seen(
        name=str(entry["name"]),
        app=app if app is not None else 0,
        state=_state(entry),
        order=int(entry["id"]),
        job=int(entry["id"]) if app == ACTIONS else None,
        said="\n".join(str(said[part]) for part in ("title", "summary", "text") if said.get(part))[-LOG_BYTES:],
    )


def _job(entry: Any) -> Seen:
    number = int(entry["id"])
    return Seen(name=str(entry["name"]), app=ACTIONS, state=_state(entry), order=number, job=number)


def _state(entry: Any) -> HostCheckState:
    """What is over has a conclusion; one that is not known, or asks for a person, is not over."""
    if entry["status"] != "completed":
        return HostCheckState.PENDING
    return _STATES.get(entry["conclusion"], HostCheckState.PENDING)


def _newest(found: Sequence[Seen]) -> list[Seen]:
    """One of each name and maker: a check that ran again counts as it ended last."""
    newest: dict[tuple[str, int | None], Seen] = {}
    for one in sorted(found, key=lambda one: one.order):
        newest[(one.name, one.app)] = one
    return list(newest.values())
