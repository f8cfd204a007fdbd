"""What the rows say of dispatch as a whole: whether it is open.

Owns: gathering those facts. Must not: judge (`domain.dispatch` does).
"""

from __future__ import annotations

from forge_loop.domain.dispatch import DispatchFacts
from forge_loop.store.open import Store


def dispatch_facts(store: Store, checks: tuple[str, ...], *, base_sha: str | None) -> DispatchFacts:
    """What decides whether dispatch is open, with the project's `checks` looked up for `base_sha`."""
    loop = store.loop()
    newest = {row.command: row for row in store.base_checks.select("base_sha = ?", base_sha)}
    red = [command for command in checks if command in newest and not newest[command].passed]
    return DispatchFacts(
        paused=loop.paused,
        paused_until=loop.paused_until,
        pause_reason=loop.pause_reason,
        parked_until=loop.parked_until,
        park_reason=loop.park_reason,
        halt_reason=loop.halt_reason,
        base_known=base_sha is not None,
        base_unchecked=base_sha is not None and any(command not in newest for command in checks),
        base_red=", ".join(red) or None,
        free_bytes=store.free_bytes(),
    )
