"""Signatures of Standard Webhooks 1.0.0: HMAC-SHA256 over `{id}.{timestamp}.{body}`.

Owns: keys and headers. Must not: serialise; what is signed are the bytes that are sent.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Sequence

from forge_loop import OperatorError

PREFIX = "whsec_"
SHORTEST, LONGEST = 24, 64


def key_of(secret: str) -> bytes:
    """The key of a secret `whsec_...`. Raises OperatorError, without the secret."""
    try:
        key = base64.b64decode(secret.removeprefix(PREFIX), validate=True)
    except (binascii.Error, ValueError):
        raise OperatorError("a webhook's secret is whsec_ and base64; this one is not") from None
    if not SHORTEST <= len(key) <= LONGEST:
        raise OperatorError(f"a webhook's secret has {SHORTEST} to {LONGEST} bytes; this one has {len(key)}")
    return key


def headers(message_id: str, timestamp: int, body: bytes, keys: Sequence[bytes]) -> dict[str, str]:
    """The three headers. Several keys sign side by side, so that a receiver can change from one to the next."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    signatures = (base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode() for key in keys)
    return {
        "webhook-id": message_id,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": " ".join(f"v1,{signature}" for signature in signatures),
    }
