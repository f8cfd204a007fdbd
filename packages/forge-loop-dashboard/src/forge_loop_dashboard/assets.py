"""The files the page is made of: its own, and those of others as they were published, with their licences.

Owns: reading them once, by name; a name that is not in the list is no path. Must not: read anything else from disk.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

KINDS = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Assets:
    """`version` changes whenever a file does."""

    contents: dict[str, bytes]
    version: str

    def kind(self, name: str) -> str:
        return KINDS[name.rpartition(".")[2]]


def load_assets() -> Assets:
    found: dict[str, bytes] = {}
    for folder in ("static", "vendored"):
        for entry in (files(__package__) / folder).iterdir():
            if entry.name.rpartition(".")[2] in KINDS:
                found[entry.name] = entry.read_bytes()
    digest = hashlib.sha256(b"".join(found[name] for name in sorted(found))).hexdigest()
    return Assets(contents=found, version=digest[:12])
