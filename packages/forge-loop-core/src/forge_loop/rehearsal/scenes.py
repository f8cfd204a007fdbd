"""The scenes of the rehearsal: what every issue of the sample project asks for, and what each role does about it.

Owns: the shape of a scene and reading it from `larder/issues/`. Must not: play one (`script` does), or name a machine's
path: what a scene says is the same everywhere.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from forge_loop.domain.job import JobState

LARDER = Path(__file__).parent / "larder"


@dataclass(frozen=True, kw_only=True, slots=True)
class Edit:
    """Replace `old`, which stands in `file` exactly once."""

    file: str
    old: str
    new: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Write:
    file: str
    text: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Round:
    """What the worker does in one round: it says why, changes files, runs some of the tests, commits and reports."""

    says: str
    edits: tuple[Edit, ...]
    writes: tuple[Write, ...]
    tests: str
    commit: str
    summary: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Reading:
    """A role that only reads: the files it opens, and its typed report."""

    reads: tuple[str, ...]
    report: Mapping[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Scene:
    """One issue. `after` is the issue whose merge its worker waits for, so that this one meets a base that moved."""

    number: int
    title: str
    body: str
    after: int | None
    expected: JobState
    expansion: Reading | None
    rounds: tuple[Round, ...]
    verdicts: tuple[Reading, ...]


def scenes() -> tuple[Scene, ...]:
    """Every scene, in the order of the issues' numbers."""
    files = sorted((LARDER / "issues").glob("*.yaml"))
    return tuple(_scene(int(file.stem.partition("-")[0]), file) for file in files)


def _scene(number: int, file: Path) -> Scene:
    fields = yaml.safe_load(file.read_text(encoding="utf-8"))
    merged = fields.pop("merged", True)
    expansion = fields.pop("expansion", None)
    return Scene(
        number=number,
        after=fields.pop("after", None),
        expected=JobState.MERGED if merged else JobState.HANDED_OVER,
        expansion=_reading(expansion) if expansion else None,
        rounds=tuple(_round(entry) for entry in fields.pop("rounds")),
        verdicts=tuple(_reading({"findings": [], **entry}) for entry in fields.pop("verdicts")),
        **fields,
    )


def _round(fields: dict[str, Any]) -> Round:
    edits = tuple(Edit(**entry) for entry in fields.pop("edits", ()))
    writes = tuple(Write(**entry) for entry in fields.pop("writes", ()))
    return Round(edits=edits, writes=writes, **fields)


def _reading(fields: Mapping[str, Any]) -> Reading:
    report = {name: value for name, value in fields.items() if name != "reads"}
    return Reading(reads=tuple(fields["reads"]), report=report)
