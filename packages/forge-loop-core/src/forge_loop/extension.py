"""The narrow door for satellites: what they must drive or reuse of core beyond its public API.

Owns: the list of those names. A name enters together with the satellite that imports it, and leaves with it; a test
holds both. Must not: define anything itself, or offer a name that nothing in this repository uses.
"""

from __future__ import annotations

__all__: tuple[str, ...] = ()
