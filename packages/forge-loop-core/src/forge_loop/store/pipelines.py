"""The pipelines that attempts are bound to.

Owns: keeping each once, and finding an attempt's. Must not: read a pipeline's file.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from forge_loop.domain.pipeline import Pipeline
from forge_loop.domain.pipeline_text import read, written
from forge_loop.store.access import Access
from forge_loop.store.table import Table


@dataclass(frozen=True, kw_only=True, slots=True)
class PipelineRow:
    """A pipeline as text, and when an attempt was first bound to it. `sha256` is that of the text, as hex."""

    id: int
    sha256: str
    nodes: str
    at: datetime


class Pipelines(Table[PipelineRow]):
    def __init__(self, database: Access) -> None:
        super().__init__(database, "pipelines", PipelineRow)
        self._of_attempts: dict[int, Pipeline] = {}

    def keep(self, pipeline: Pipeline, *, at: datetime) -> int:
        """The id of the row that holds this pipeline, made where there is none yet."""
        text = written(pipeline)
        sha256 = hashlib.sha256(text.encode()).hexdigest()
        known = self.last("sha256 = ?", sha256)
        return known.id if known is not None else self.insert(sha256=sha256, nodes=text, at=at).id

    def of(self, attempt: int | None) -> Pipeline | None:
        """What an attempt was bound to when it began, which never changes; None for one that was bound to none."""
        if attempt is None:
            return None
        if attempt not in self._of_attempts:
            rows = self.select("id = (SELECT pipeline FROM attempts WHERE id = ?)", attempt)
            if not rows:
                return None
            self._of_attempts[attempt] = read(rows[0].nodes)
        return self._of_attempts[attempt]
