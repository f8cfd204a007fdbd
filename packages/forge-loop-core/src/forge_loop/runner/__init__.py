"""The runner: one process, one thread of decisions, nine stages a tick.

Owns: the order of stages, what is in hand, and doing what the domain decided. Must not: build adapters (bootstrap
does), import the agent SDK, or wait inside a tick.
"""

from forge_loop.runner.context import Context, Timing
from forge_loop.runner.loop import Runner, Until

__all__ = ["Context", "Runner", "Timing", "Until"]
