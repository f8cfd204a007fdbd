"""The loop's rows: jobs, attempts, sessions, checks, reviews, effects, requests, events, approvals.

Owns: the loop's tables and the rule that a change and its event are one transaction. Must not: decide anything.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from forge_loop.lazy import lazily

if TYPE_CHECKING:
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

# Each is loaded when it is first asked for (PEP 562): the line for a prompt reads no row of these.
_HOMES = {
    "Access": "forge_loop.store.access",
    "BaseCheckRow": "forge_loop.store.records",
    "CheckRow": "forge_loop.store.records",
    "EffectRow": "forge_loop.store.records",
    "EffectState": "forge_loop.store.records",
    "FindingRow": "forge_loop.store.records",
    "HostLookRow": "forge_loop.store.records",
    "LoopRow": "forge_loop.store.records",
    "NodeRunRow": "forge_loop.store.records",
    "RefusalRow": "forge_loop.store.records",
    "RemarkRow": "forge_loop.store.records",
    "RequestRow": "forge_loop.store.records",
    "RequestState": "forge_loop.store.records",
    "ReviewRow": "forge_loop.store.records",
    "Store": "forge_loop.store.open",
    "open_store": "forge_loop.store.open",
}

__getattr__ = lazily(__name__, _HOMES)
