"""The id of a message: the same whenever the same thing is told again.

Owns: what goes into it. Must not: use chance, except for a test message.
"""

from __future__ import annotations

import hashlib
import secrets


def message_id(sink: str, *parts: object) -> str:
    """`msg_` and 26 characters, without a dot: receivers sign and split at dots."""
    text = "\0".join([sink, *map(str, parts)])
    return f"msg_{hashlib.sha256(text.encode()).hexdigest()[:26]}"


def random_id() -> str:
    return f"msg_{secrets.token_hex(13)}"
