"""Text from outside, set apart from instructions.

Owns: the delimiters. Must not: draw the nonce; the caller draws a new one for every block of a session.
"""

from __future__ import annotations

import re

from forge_loop.errors import BriefError

_NAME = re.compile(r"[a-z][a-z0-9_-]{0,40}\Z")
_NONCE = re.compile(r"[A-Za-z0-9]{16,128}\Z")


def data_block(name: str, text: str, nonce: str) -> str:
    """`text` between two lines that carry `nonce`, which nobody could know who wrote the text.

    `nonce` has 16 to 128 letters and digits, drawn at random. Raises BriefError if it is not, or stands in the text.
    """
    if not _NAME.match(name) or not _NONCE.match(nonce):
        raise BriefError(f"not a data block's name and nonce: {name!r}, {nonce!r}")
    if nonce in text:
        raise BriefError(f"the data of {name!r} contains its own delimiter", hint="draw another nonce")
    end = "" if text.endswith("\n") else "\n"
    return f"----- begin data {name} {nonce} -----\n{text}{end}----- end data {name} {nonce} -----"
