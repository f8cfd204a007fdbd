"""What the model's service can say, and what the whole loop makes of it: one row a failure.

Owns: the table, each row with the failure kind of the lifecycle's table it belongs to. Must not: run anything.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Any

from forge_loop.rehearsal.model import Cut, Reply


class Account(StrEnum):
    """What a failure means for the account. Each is its own policy, and none charges an attempt."""

    LIMITED = "limited"  # parked until the reset time
    BACKING_OFF = "backing off"  # parked for a while that doubles
    HALTED = "halted"  # until the operator acts


def limit_headers(resets_at: datetime, window: str = "five_hour") -> dict[str, str]:
    """As the service refuses a subscription that has used up its window."""
    short = {"five_hour": "5h", "seven_day": "7d"}[window]
    reset = str(int(resets_at.timestamp()))
    return {
        "retry-after": "3600",
        "anthropic-ratelimit-unified-status": "rejected",
        "anthropic-ratelimit-unified-representative-claim": window,
        "anthropic-ratelimit-unified-reset": reset,
        f"anthropic-ratelimit-unified-{short}-utilization": "1.0",
        f"anthropic-ratelimit-unified-{short}-reset": reset,
    }


@dataclass(frozen=True, slots=True)
class Outage:
    """`reply` is said to every request while it lasts; `resets_in` stands where the reply names a reset time.

    `says` are words of the reason that the operator is shown. `environ` and `settings` bring it about without a reply.
    """

    name: str
    account: Account
    says: str
    reply: Reply | None = None
    resets_in: timedelta | None = None
    window: str = "five_hour"
    often: bool = False
    environ: dict[str, str] = field(default_factory=dict)

    def said(self, now: datetime) -> Reply:
        if self.resets_in is not None:
            headers = limit_headers(now + self.resets_in, self.window)
            return Reply(status=429, error=("rate_limit_error", "limit"), headers=headers)
        assert self.reply is not None
        return self.reply


def failing(status: int, kind: str, text: str = "scripted", **more: Any) -> Reply:
    return Reply(status=status, error=(kind, text), **more)


LIMITED, BACKING_OFF, HALTED = Account.LIMITED, Account.BACKING_OFF, Account.HALTED
REJECTED = {"anthropic-ratelimit-unified-status": "rejected"}

OUTAGES = (
    Outage("the five hours are used up", LIMITED, "limit", resets_in=timedelta(hours=2), often=True),
    Outage("the seven days are used up", LIMITED, "limit", resets_in=timedelta(days=3), window="seven_day"),
    Outage("429 with no reset time", BACKING_OFF, "rate_limit", failing(429, "rate_limit_error")),
    Outage(
        "429 that is called a limit and names no reset time",
        BACKING_OFF,
        "rate_limit",
        failing(429, "rate_limit_error", headers=REJECTED),
    ),
    Outage("529 overloaded", BACKING_OFF, "server_error", failing(529, "overloaded_error"), often=True),
    Outage("500", BACKING_OFF, "server_error", failing(500, "api_error")),
    Outage("502", BACKING_OFF, "server_error", failing(502, "api_error")),
    Outage("503", BACKING_OFF, "server_error", failing(503, "api_error")),
    Outage("no connection", BACKING_OFF, "server_error", Reply(cut=Cut.BEFORE_START)),
    Outage("cut before the first word", BACKING_OFF, "server_error", Reply(text="never", cut=Cut.AFTER_START)),
    Outage("cut in mid-sentence", BACKING_OFF, "server_error", Reply(text="and then", cut=Cut.MID_TEXT)),
    Outage("401", HALTED, "authentication_failed", failing(401, "authentication_error")),
    Outage("403", HALTED, "authentication_failed", failing(403, "permission_error")),
    Outage(
        "400 no credit",
        HALTED,
        "billing_error",
        failing(400, "invalid_request_error", "Your credit balance is too low to access the API."),
    ),
    Outage("404 for the model", HALTED, "model_not_found", failing(404, "not_found_error")),
)
