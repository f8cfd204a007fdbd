"""The loop's rows: jobs, attempts, sessions, checks, reviews, effects, requests, events, approvals.

Owns: the loop's tables and the rule that a change and its event are one transaction. Must not: decide anything.
"""

from forge_loop.store.access import Access
from forge_loop.store.open import Store, open_store
from forge_loop.store.records import (
    BaseCheckRow,
    CheckRow,
    EffectRow,
    EffectState,
    FindingRow,
    HostLookRow,
    LoopRow,
    NodeRunRow,
    RefusalRow,
    RemarkRow,
    RequestRow,
    RequestState,
    ReviewRow,
)

__all__ = [
    "Access",
    "BaseCheckRow",
    "CheckRow",
    "EffectRow",
    "EffectState",
    "FindingRow",
    "HostLookRow",
    "LoopRow",
    "NodeRunRow",
    "RefusalRow",
    "RemarkRow",
    "RequestRow",
    "RequestState",
    "ReviewRow",
    "Store",
    "open_store",
]
