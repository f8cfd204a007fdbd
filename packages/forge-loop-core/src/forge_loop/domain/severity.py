"""How bad a finding of the critic's is.

Owns: the three words. Must not: say what follows; the settings name the one that blocks, and whoever only reads those
is spared the whole of a review.
"""

from __future__ import annotations

from enum import StrEnum


class Severity(StrEnum):
    SEV1 = "sev1"
    SEV2 = "sev2"
    SEV3 = "sev3"
