"""Durations and sizes as people write them.

Owns: `1h30m` and `2GiB`, both ways. Must not: know which setting is meant.
"""

from __future__ import annotations

import re
from decimal import Decimal

LONGEST = 10 * 365 * 86400.0
LARGEST = 2**60

_DURATION = re.compile(
    r"(?:(?P<d>N)d)?(?:(?P<h>N)h)?(?:(?P<m>N)m)?(?:(?P<s>N)s)?\Z".replace("N", r"[0-9]{1,12}(?:\.[0-9]{1,12})?")
)
_SECONDS = {"d": 86400, "h": 3600, "m": 60, "s": 1}

_SIZE = re.compile(r"(?P<number>[0-9]{1,19}(?:\.[0-9]{1,12})?) ?(?P<unit>[KMGT]iB|[kMGT]B|B)\Z")
_BYTES = {
    "TiB": 1024**4,
    "GiB": 1024**3,
    "MiB": 1024**2,
    "KiB": 1024,
    "TB": 1000**4,
    "GB": 1000**3,
    "MB": 1000**2,
    "kB": 1000,
    "B": 1,
}


def duration(written: str | int | float) -> float:
    """Seconds of `15m`, `1h30m`, `90s`, `14d` or a plain number of seconds, to the microsecond.

    Raises ValueError with a sentence.
    """
    if isinstance(written, str):
        match = _DURATION.match(written)
        if not match or not written:
            raise ValueError(f"expected a duration like 90s, 15m or 1h30m, got {written!r}")
        parts = (Decimal(number) * _SECONDS[unit] for unit, number in match.groupdict().items() if number)
        seconds = float(sum(parts))
    else:
        seconds = float(written)
    if not 0 <= seconds <= LONGEST:
        raise ValueError(f"expected a duration from 0s to {duration_text(LONGEST)}, got {written!r}")
    return round(seconds, 6) + 0.0  # never -0.0


def size(written: str | int | float) -> int:
    """Bytes of `2GiB`, `500MB` or a plain number of bytes. Raises ValueError with a sentence."""
    if isinstance(written, str):
        match = _SIZE.match(written)
        if not match:
            raise ValueError(f"expected a size like 500MB or 2GiB, got {written!r}")
        amount = Decimal(match["number"]) * _BYTES[match["unit"]]
    else:
        amount = Decimal(written)
    if not 0 <= amount <= LARGEST or amount != int(amount):
        raise ValueError(f"expected a whole number of bytes from 0 to {size_text(LARGEST)}, got {written!r}")
    return int(amount)


def duration_text(seconds: float) -> str:
    """The shortest way to write a duration, to the microsecond: `1h30m`."""
    seconds = round(seconds, 6)
    if seconds != int(seconds) or seconds == 0:
        return f"{Decimal(repr(seconds)).normalize():f}s"
    rest, text = int(seconds), ""
    for unit, length in _SECONDS.items():
        count, rest = divmod(rest, length)
        text += f"{count}{unit}" if count else ""
    return text


def size_text(amount: int) -> str:
    """The largest unit in which the size is a whole number: `2GiB`."""
    unit = next(unit for unit, length in _BYTES.items() if amount % length == 0 and (amount or unit == "B"))
    return f"{amount // _BYTES[unit]}{unit}"
