"""The sandbox that sessions and the operator's commands run in: bubblewrap, no network, and a socket to the model.

Owns: what is visible inside, the probes that show it holds, the proxy that keeps the model's credential outside. Must
not: fall back on its own; `confine` says what holds, and the mode `require` ends the start where it does not.
"""

from __future__ import annotations

from forge_loop.agents.sandbox.confinement import Confinement, confine
from forge_loop.agents.sandbox.inside import ConfinedSession, Sandbox

__all__ = ["ConfinedSession", "Confinement", "Sandbox", "confine"]
