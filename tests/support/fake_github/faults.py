"""What goes wrong on the way, one request at a time.

Owns: the plan of faults and which request each one meets. Must not: know what a request is for.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class FaultKind(StrEnum):
    STATUS = "status"  # answered with `status`; nothing is done
    LOST_REPLY = "lost reply"  # done, and the connection is cut before the answer
    CUT = "cut"  # the connection is cut before anything is done
    DONE_THEN_STATUS = "done, then status"  # done, and answered with `status`: a gateway that gave up
    HTML = "html"  # a page instead of JSON, with status 200; nothing is done
    TRUNCATED = "truncated"  # done, and half of the JSON arrives
    EMPTY = "empty"  # done, and nothing arrives, with status 200
    SLOW = "slow"  # nothing is done, and nothing comes before the caller gives up


@dataclass(kw_only=True, slots=True)
class Fault:
    """Meets the next `times` requests whose method and path (with query) match."""

    kind: FaultKind
    method: str = ".*"
    path: str = ".*"
    status: int = 500
    headers: Mapping[str, str] = field(default_factory=dict)
    body: Any = None
    times: int = 1
    met: int = 0

    def meets(self, method: str, path: str) -> bool:
        return (
            self.met < self.times
            and re.fullmatch(self.method, method) is not None
            and re.search(self.path, path) is not None
        )


class FaultPlan:
    def __init__(self) -> None:
        self.faults: list[Fault] = []

    def add(self, fault: Fault) -> Fault:
        self.faults.append(fault)
        return fault

    def clear(self) -> None:
        self.faults.clear()

    def next(self, method: str, path: str) -> Fault | None:
        for fault in self.faults:
            if fault.meets(method, path):
                fault.met += 1
                return fault
        return None


SECONDARY = {"message": "You have exceeded a secondary rate limit. Please wait a few minutes before you try again."}
PRIMARY = {"message": "API rate limit exceeded for user ID 1."}
DENIED = {"message": "Resource not accessible by personal access token"}
