"""The little GraphQL that the product speaks: when issues and comments were edited, and a draft that becomes ready.

Owns: these three queries, in the words they are sent in. Must not: understand any other.
"""

from __future__ import annotations

import re

from support.fake_github.call import Call, Reply
from support.fake_github.state import JSON

MOST_NODES = 100
_ISSUE = re.compile(r"(\w+): issue\(number: (\d+)\)")


def answer(call: Call) -> Reply:
    query, variables = str(call.body.get("query", "")), call.body.get("variables") or {}
    if "markPullRequestReadyForReview" in query:
        return _mark_ready(call, variables)
    if "IssueComment" in query:
        return _comment_edits(call, variables)
    if "lastEditedAt" in query:
        return _edits(call, query, variables)
    return Reply(body={"errors": [{"message": "the fake does not know this query"}]})


def _edits(call: Call, query: str, variables: JSON) -> Reply:
    if (variables.get("owner"), variables.get("name")) != (call.state.owner, call.state.name):
        return Reply(body={"data": {"repository": None}, "errors": [{"type": "NOT_FOUND", "message": "no repository"}]})
    shown: JSON = {}
    errors = []
    for alias, number in _ISSUE.findall(query):
        ticket = call.state.tickets.get(int(number))
        if ticket is None or ticket.pull is not None or int(number) in call.state.gone:
            shown[alias] = None
            errors.append({"type": "NOT_FOUND", "path": ["repository", alias], "message": "Could not resolve"})
        else:
            shown[alias] = {
                "databaseId": ticket.id,
                "lastEditedAt": ticket.edited_at,
                "title": ticket.title,
                "body": ticket.body,
            }
    return Reply(body={"data": {"repository": shown}, **({"errors": errors} if errors else {})})


def _comment_edits(call: Call, variables: JSON) -> Reply:
    """In the order of the ids, null for one that is not there."""
    rows = {f"IC_{row.id}": row for ticket in call.state.tickets.values() for row in ticket.comments}
    ids = variables.get("ids") or []
    if len(ids) > MOST_NODES:
        said = f"You may not provide more than {MOST_NODES} node ids; you provided {len(ids)}."
        return Reply(body={"data": None, "errors": [{"type": "ARGUMENT_LIMIT", "message": said}]})
    shown = [{"id": key, "lastEditedAt": rows[key].edited_at} if key in rows else None for key in ids]
    lost = [key for key in ids if key not in rows]
    said = "Could not resolve to a node with the global id of"
    errors = [{"type": "NOT_FOUND", "path": ["nodes", ids.index(key)], "message": f"{said} '{key}'."} for key in lost]
    return Reply(body={"data": {"nodes": shown}, **({"errors": errors} if errors else {})})


def _mark_ready(call: Call, variables: JSON) -> Reply:
    for ticket in call.state.tickets.values():
        if ticket.pull is not None and f"PR_{ticket.number}" == variables.get("id"):
            ticket.pull.draft = False
            ticket.updated_at = call.state.stamp()
            shown = {"pullRequest": {"isDraft": False}}
            return Reply(body={"data": {"markPullRequestReadyForReview": shown}})
    return Reply(body={"data": None, "errors": [{"type": "NOT_FOUND", "message": "Could not resolve to a node"}]})
