"""Rows as GitHub's JSON.

Owns: the fields and their names. Must not: decide anything.
"""

from __future__ import annotations

from support.fake_github.state import JSON, Account, Comment, LineComment, Pull, Review, State, Ticket

GHOST = {"id": 10137, "login": "ghost", "type": "User", "node_id": "U_10137"}


def user(account: Account | None) -> JSON | None:
    if account is None:
        return None
    return {"id": account.id, "login": account.login, "type": account.kind, "node_id": f"U_{account.id}"}


def label(name: str, colour: str = "ededed") -> JSON:
    return {"name": name, "color": colour, "description": None, "default": False}


def repository(state: State, who: Account, root: str) -> JSON:
    order = ("pull", "triage", "push", "maintain", "admin")
    level = {"read": 1, "triage": 2, "write": 3, "maintain": 4, "admin": 5}.get(who.role, 1)
    return {
        "id": state.repository_id,
        "node_id": f"R_{state.repository_id}",
        "name": state.name,
        "full_name": state.full_name,
        "private": state.private,
        "default_branch": state.base,
        "owner": {"login": state.owner, "id": 1, "type": "Organization"},
        "url": f"{root}/repos/{state.full_name}",
        "permissions": {name: at < level for at, name in enumerate(order)},
        "allow_squash_merge": "squash" in state.methods,
        "allow_merge_commit": "merge" in state.methods,
        "allow_rebase_merge": "rebase" in state.methods,
        "allow_auto_merge": False,
        "archived": False,
        "has_issues": True,
    }


def issue(state: State, ticket: Ticket, root: str) -> JSON:
    blockers = ticket.blocked_by
    still_open = [entry for entry in blockers if _is_open(state, entry)]
    shape: JSON = {
        "id": ticket.id,
        "node_id": f"I_{ticket.id}",
        "number": ticket.number,
        "url": f"{root}/repos/{state.full_name}/issues/{ticket.number}",
        "repository_url": f"{root}/repos/{state.full_name}",
        "html_url": f"{root.partition('/api')[0]}/{state.full_name}/issues/{ticket.number}",
        "title": ticket.title,
        "body": ticket.body or None,
        "user": user(ticket.author),
        "state": "open" if ticket.open else "closed",
        "state_reason": ticket.state_reason,
        "locked": False,
        "labels": [label(name, state.labels.get(name, "ededed")) for name in ticket.labels],
        "comments": len(ticket.comments),
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "closed_at": None if ticket.open else ticket.updated_at,
        "author_association": "NONE",
        "performed_via_github_app": None,
        "issue_dependencies_summary": {
            "blocked_by": len(still_open),
            "total_blocked_by": len(blockers),
            "blocking": 0,
            "total_blocking": 0,
        },
    }
    if ticket.pull is not None:
        shape["pull_request"] = {"url": f"{root}/repos/{state.full_name}/pulls/{ticket.number}", "merged_at": None}
    return shape


def blocker(state: State, entry: JSON, root: str) -> JSON:
    """An issue of this repository, or of another one."""
    own = state.tickets.get(entry["number"]) if entry["repository"] == state.full_name else None
    if own is not None:
        return issue(state, own, root)
    at, here = state.stamp(), f"repos/{entry['repository']}"
    still_open = entry.get("state", "open") == "open"
    return {
        "id": 900_000 + entry["number"],
        "node_id": f"I_{900_000 + entry['number']}",
        "number": entry["number"],
        "url": f"{root}/{here}/issues/{entry['number']}",
        "repository_url": f"{root}/{here}",
        "html_url": f"{root.partition('/api')[0]}/{entry['repository']}/issues/{entry['number']}",
        "title": "Somewhere else",
        "user": GHOST,
        "state": "open" if still_open else "closed",
        "locked": False,
        "labels": [],
        "comments": 0,
        "created_at": at,
        "updated_at": at,
        "closed_at": None if still_open else at,
    }


def _is_open(state: State, entry: JSON) -> bool:
    own = state.tickets.get(entry["number"]) if entry["repository"] == state.full_name else None
    return own.open if own is not None else entry.get("state", "open") == "open"


def event(row: JSON) -> JSON:
    """A comment stands in the timeline as itself."""
    if "comment" in row:
        return {"event": "commented", "actor": user(row["actor"]), **comment(row["comment"])}
    shape: JSON = {
        "id": row["id"],
        "node_id": f"LE_{row['id']}",
        "event": row["event"],
        "actor": user(row["actor"]),
        "created_at": row["created_at"],
        "performed_via_github_app": {"id": 7, "slug": "some-app"} if row["app"] else None,
    }
    if "label" in row:
        shape["label"] = {"name": row["label"], "color": "ededed"}
    if row.get("intent"):
        shape["intent"] = {"rationale": "it looked ready", "confidence": "HIGH"}
    if "rename" in row:
        shape["rename"] = row["rename"]
    return shape


def comment(row: Comment) -> JSON:
    return {
        "id": row.id,
        "node_id": f"IC_{row.id}",
        "body": row.body,
        "user": user(row.author),
        "created_at": row.created_at,
        "updated_at": row.updated_at,
        "author_association": "NONE",
        "performed_via_github_app": {"id": 7, "slug": "some-app"} if row.app else None,
    }


def review(row: Review) -> JSON:
    return {
        "id": row.id,
        "node_id": f"PRR_{row.id}",
        "user": user(row.author),
        "body": row.body,
        "state": row.state,
        "commit_id": row.sha,
        "submitted_at": row.submitted_at,
    }


def line_comment(row: LineComment) -> JSON:
    return {
        "id": row.id,
        "pull_request_review_id": row.review,
        "user": user(row.author),
        "path": row.path,
        "line": row.line,
        "side": "RIGHT",
        "body": row.body,
        "created_at": row.created_at,
        "updated_at": row.created_at,
    }


def pull(state: State, ticket: Ticket, root: str, mergeable: bool | None = None, *, full: bool = False) -> JSON:
    row = ticket.pull
    assert row is not None
    home = {"id": state.repository_id, "full_name": state.full_name}
    source = home if row.fork is None else {"id": 77, "full_name": f"{row.fork}/{state.name}"}
    owner = row.fork or state.owner
    shape: JSON = {
        "id": ticket.id + 1,
        "node_id": f"PR_{ticket.number}",
        "number": ticket.number,
        "url": f"{root}/repos/{state.full_name}/pulls/{ticket.number}",
        "html_url": f"{root.partition('/api')[0]}/{state.full_name}/pull/{ticket.number}",
        "title": ticket.title,
        "body": ticket.body or None,
        "user": user(ticket.author),
        "state": "open" if ticket.open else "closed",
        "draft": row.draft,
        "labels": [label(name) for name in ticket.labels],
        "created_at": ticket.created_at,
        "updated_at": ticket.updated_at,
        "merged_at": ticket.updated_at if row.merged_sha else None,
        "head": {"ref": row.branch, "sha": row.head_sha, "label": f"{owner}:{row.branch}", "repo": source},
        "base": {"ref": row.base, "sha": row.base_sha, "label": f"{state.owner}:{row.base}", "repo": home},
        "auto_merge": None,
        "stack": None,
    }
    if full:
        shape |= {
            "merged": row.merged_sha is not None,
            "merge_commit_sha": row.merged_sha or "0" * 40,
            "mergeable": mergeable,
            "mergeable_state": _mergeable_state(row, mergeable),
            "comments": len(ticket.comments),
            "review_comments": len(row.line_comments),
        }
    return shape


def _mergeable_state(row: Pull, mergeable: bool | None) -> str:
    if mergeable is None:
        return "unknown"
    if row.draft:
        return "draft"
    return "clean" if mergeable else "dirty"
