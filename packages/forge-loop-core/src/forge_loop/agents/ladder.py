"""How a session is ended, step by step: how long each step may take before the next.

Owns: those times, each built on the one before it. Must not: take a step.
"""

from __future__ import annotations

INTERRUPT_SECONDS = 8.0  # the client is interrupted and may still bring its result
LEAVE_SECONDS = INTERRUPT_SECONDS + 4.0  # the host leaves the client, then ends what is below it
KILL_SECONDS = LEAVE_SECONDS + 1.0  # the loop kills a host that is not gone
CLOSE_SECONDS = KILL_SECONDS + 2.0  # the loop's own end waits for no session longer
END_SECONDS = 10.0  # to end every process that is left of something, one by one and by its pid
