"""Which path is answered by whom, and what a token must be allowed for it.

Owns: the table. Must not: answer.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

from support.fake_github import checks, graphql, issues, pulls
from support.fake_github.call import Call, Handler, Reply

ROLES = ("none", "read", "triage", "write", "maintain", "admin")


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """`permission` is a fine-grained token's, as `name=level`; `role` the least of its account's."""

    method: str
    pattern: re.Pattern[str]
    handler: Handler
    permission: str = ""
    role: str = "read"


def _limits(_call: Call) -> Reply:
    return Reply(body={"resources": {"core": {"limit": 5000, "remaining": 5000}}})


_N, _B, _S = r"(\d+)", r"(.+)", r"([0-9a-f]{40})"
_TABLE = (
    ("GET", "", issues.repository, "", "read"),
    ("GET", "/issues", issues.listing, "issues=read", "read"),
    ("POST", "/issues", issues.new, "issues=write", "read"),
    ("GET", f"/issues/{_N}", issues.one, "issues=read", "read"),
    ("PATCH", f"/issues/{_N}", issues.change, "issues=write", "triage"),
    ("GET", f"/issues/{_N}/timeline", issues.timeline, "issues=read", "read"),
    ("GET", f"/issues/{_N}/dependencies/blocked_by", issues.blocked_by, "issues=read", "read"),
    ("GET", f"/issues/{_N}/comments", issues.comments, "issues=read", "read"),
    ("POST", f"/issues/{_N}/comments", issues.add_comment, "issues=write", "read"),
    ("PATCH", f"/issues/comments/{_N}", issues.change_comment, "issues=write", "read"),
    ("POST", f"/issues/{_N}/labels", issues.add_labels, "issues=write", "triage"),
    ("DELETE", f"/issues/{_N}/labels/{_B}", issues.remove_label, "issues=write", "triage"),
    ("GET", "/labels", issues.labels, "issues=read", "read"),
    ("POST", "/labels", issues.new_label, "issues=write", "write"),
    ("GET", r"/collaborators/([^/]+)/permission", issues.permission, "", "read"),
    ("GET", f"/git/ref/heads/{_B}", pulls.ref, "contents=read", "read"),
    ("POST", "/git/refs", pulls.new_ref, "contents=write", "write"),
    ("DELETE", f"/git/refs/heads/{_B}", pulls.delete_ref, "contents=write", "write"),
    ("GET", "/pulls", pulls.listing, "pull_requests=read", "read"),
    ("POST", "/pulls", pulls.new, "pull_requests=write", "write"),
    ("GET", f"/pulls/{_N}", pulls.one, "pull_requests=read", "read"),
    ("PATCH", f"/pulls/{_N}", pulls.change, "pull_requests=write", "write"),
    ("GET", f"/pulls/{_N}/files", pulls.files, "pull_requests=read", "read"),
    ("PUT", f"/pulls/{_N}/merge", pulls.merge, "contents=write", "write"),
    ("GET", f"/pulls/{_N}/reviews", pulls.reviews, "pull_requests=read", "read"),
    ("POST", f"/pulls/{_N}/reviews", pulls.new_review, "pull_requests=write", "read"),
    ("GET", f"/pulls/{_N}/comments", pulls.line_comments, "pull_requests=read", "read"),
    ("GET", f"/commits/{_S}/check-runs", checks.check_runs, "", "read"),
    ("GET", f"/commits/{_S}/status", checks.combined, "statuses=read", "read"),
    ("GET", "/actions/runs", checks.runs, "actions=read", "read"),
    ("GET", f"/actions/runs/{_N}/jobs", checks.jobs, "actions=read", "read"),
    ("GET", f"/actions/jobs/{_N}/logs", checks.job_log, "actions=read", "read"),
    ("GET", f"/rules/branches/{_B}", checks.rules, "", "read"),
    ("GET", f"/branches/{_B}", checks.branch, "contents=read", "read"),
)

OF_REPOSITORY = tuple(
    Route(method=method, pattern=re.compile(path), handler=handler, permission=permission, role=role)
    for method, path, handler, permission, role in _TABLE
)
OTHERS = (
    Route(method="GET", pattern=re.compile("/user"), handler=issues.me),
    Route(method="GET", pattern=re.compile(r"/users/([^/]+)"), handler=issues.someone),
    Route(method="GET", pattern=re.compile("/rate_limit"), handler=_limits),
    Route(method="POST", pattern=re.compile("/graphql"), handler=graphql.answer),
)


def find(routes: tuple[Route, ...], method: str, path: str) -> tuple[Route, tuple[str, ...]] | None:
    for route in routes:
        match = route.pattern.fullmatch(path)
        if match is not None and route.method == method:
            return route, match.groups()
    return None


def allowed(route: Route, permissions: frozenset[str] | None) -> bool:
    """Write implies read."""
    if not route.permission or permissions is None:
        return True
    name, _, level = route.permission.partition("=")
    return f"{name}:write" in permissions or (level == "read" and f"{name}:read" in permissions)
