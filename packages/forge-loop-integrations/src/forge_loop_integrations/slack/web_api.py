"""Slack's Web API, as far as messages need it.

Owns: one call, and what its answer means: Slack says most errors with HTTP 200. Must not: retry; the outbox does.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from forge_loop_integrations.channels import Answer, Delivered, Gone, Refused, Retry
from forge_loop_integrations.posting import NoAnswer, Poster, Reply
from forge_loop_integrations.secret import Secret

API = "https://slack.com/api"
LATER = frozenset(
    {"ratelimited", "rate_limited", "internal_error", "fatal_error", "service_unavailable", "request_timeout"}
)
OVER = frozenset(
    {
        "invalid_auth",
        "not_authed",
        "account_inactive",
        "token_revoked",
        "token_expired",
        "no_permission",
        "missing_scope",
        "not_in_channel",
        "channel_not_found",
        "is_archived",
        "access_denied",
        "org_login_required",
        "team_access_not_granted",
    }
)
LOST = frozenset({"message_not_found", "cant_update_message", "edit_window_closed"})
BLOCKS = frozenset({"invalid_blocks", "invalid_blocks_format", "msg_blocks_too_long"})


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """An answer of the API: `answer` for the outbox, `error` Slack's word, `shape` what came with it."""

    answer: Answer
    error: str
    shape: Mapping[str, Any]


class WebApi:
    """Calls with the bot's token, which is read anew for each."""

    def __init__(self, *, base: str, token: Secret, environ: Mapping[str, str]) -> None:
        self._base = base.rstrip("/")
        self._token = token
        self._environ = environ
        self._poster = Poster(private=True)

    def call(self, method: str, shape: Mapping[str, Any]) -> Said:
        headers = {
            "authorization": f"Bearer {self._token.read(self._environ)}",
            "content-type": "application/json; charset=utf-8",
        }
        try:
            reply = self._poster.send("POST", f"{self._base}/{method}", json.dumps(shape).encode(), headers)
        except NoAnswer as error:
            return Said(answer=Retry(reason=str(error)), error="", shape={})
        found = reply.json()
        return Said(answer=_answer(reply, found), error=str(found.get("error") or ""), shape=found)


def _answer(reply: Reply, found: Mapping[str, Any]) -> Answer:
    status, error = reply.status, str(found.get("error") or "")
    if reply.ok and found.get("ok") is True:
        return Delivered(status=status)
    reason = f"Slack says {error!r}" if error else f"Slack answered {status}"
    if status == 429 or status >= 500 or error in LATER or (not error and not 400 <= status < 500):
        return Retry(reason=reason, status=status, after=reply.retry_after)
    if error in OVER or status in (401, 403):
        return Gone(reason=reason, status=status)
    return Refused(reason=reason, status=status)
