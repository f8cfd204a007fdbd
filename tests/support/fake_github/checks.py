"""Check runs, statuses, workflow runs and the rules of the base branch: what those endpoints answer.

Owns: their handlers, and which required checks are not green. Must not: run anything.
"""

from __future__ import annotations

from support.fake_github.call import Call, Refusal, Reply, not_found
from support.fake_github.faults import DENIED
from support.fake_github.state import ACTIONS_APP, JSON, Check, State

GREEN = frozenset({"success", "neutral", "skipped"})


def seen(state: State, sha: str) -> list[Check]:
    """Suites appear some seconds after a push."""
    now = state.now()
    return [check for check in state.checks.get(sha, []) if check.appears <= now]


def missing(state: State, sha: str) -> list[str]:
    green = {(c.name, c.app) for c in seen(state, sha) if c.conclusion in GREEN}
    names = {name for name, _ in green}
    return [name for name, app in state.required if (name not in names if app is None else (name, app) not in green)]


def check_runs(call: Call, sha: str) -> Reply:
    if call.token.permissions is not None and call.state.private:
        raise Refusal(403, DENIED["message"])
    runs = [_check_run(call, check) for check in seen(call.state, sha) if check.app is not None]
    return Reply(items=runs, envelope="check_runs")


def _check_run(call: Call, check: Check) -> JSON:
    page = f"{call.root}/{call.state.full_name}/actions/runs/{check.id * 10}/job/{check.id}"
    return {
        "id": check.id,
        "name": check.name,
        "status": check.status,
        "conclusion": check.conclusion,
        "app": {"id": check.app, "slug": "github-actions" if check.app == ACTIONS_APP else "other"},
        "details_url": page if check.app == ACTIONS_APP else "https://ci.invalid/1",
        "output": {"title": None, "summary": None if check.app == ACTIONS_APP else check.log, "text": None},
        "started_at": call.state.stamp(),
    }


def combined(call: Call, sha: str) -> Reply:
    """`pending` where there are none."""
    found = [check for check in seen(call.state, sha) if check.app is None]
    states = {check.conclusion or "pending" for check in found}
    state = "failure" if states & {"failure", "error"} else "pending" if not found or "pending" in states else "success"
    rows = [
        {"id": check.id, "context": check.name, "state": check.conclusion or "pending", "description": check.log}
        for check in found
    ]
    return Reply(items=rows, envelope="statuses", extra={"state": state, "sha": sha})


def runs(call: Call) -> Reply:
    sha = call.query.get("head_sha", "")
    found = [check for check in seen(call.state, sha) if check.app == ACTIONS_APP]
    rows = [
        {"id": check.id * 10, "head_sha": sha, "name": "CI", "status": check.status, "conclusion": check.conclusion}
        for check in found
    ]
    return Reply(items=rows, envelope="workflow_runs")


def jobs(call: Call, run: str) -> Reply:
    found = [c for checks in call.state.checks.values() for c in checks if c.id * 10 == int(run)]
    rows = [{"id": c.id, "name": c.name, "status": c.status, "conclusion": c.conclusion} for c in found]
    return Reply(items=rows, envelope="jobs")


def job_log(call: Call, job: str) -> Reply:
    """At another host, with a link that needs no token."""
    elsewhere = call.root.partition("/api")[0].replace("127.0.0.1", "localhost")
    return Reply(status=302, headers={"Location": f"{elsewhere}/stored-logs/{job}"})


def stored_log(state: State, job: str) -> str:
    for checks in state.checks.values():
        for check in checks:
            if check.id == int(job):
                return "".join(f"2026-01-31T12:00:00.0000000Z {line}\n" for line in check.log.splitlines())
    raise not_found()


def rules(call: Call, branch: str) -> Reply:
    state = call.state
    if branch != state.base or not state.required or state.classic_protection:
        return Reply(items=[])
    wanted = [{"context": name, **({"integration_id": app} if app else {})} for name, app in state.required]
    parameters = {"required_status_checks": wanted, "strict_required_status_checks_policy": state.up_to_date}
    return Reply(items=[{"type": "required_status_checks", "parameters": parameters, "ruleset_id": 1}])


def branch(call: Call, name: str) -> Reply:
    sha, state = call.repository.branches().get(name), call.state
    if sha is None:
        raise not_found()
    protected = name == state.base and state.classic_protection
    required = state.required if protected else []
    protection: JSON = {
        "enabled": protected,
        "required_status_checks": {
            "enforcement_level": "non_admins" if protected else "off",
            "contexts": [context for context, _ in required],
            "checks": [{"context": context, "app_id": app} for context, app in required],
        },
    }
    if protected:
        protection["required_status_checks"]["strict"] = state.up_to_date
    return Reply(body={"name": name, "commit": {"sha": sha}, "protected": protected, "protection": protection})
