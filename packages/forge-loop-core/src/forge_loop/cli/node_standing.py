"""Where the nodes of a pipeline stand for an issue's candidate, by the runner's own functions.

Owns: bringing rows, briefs and labels together for them. Must not: hold a rule of its own.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import cast

from forge_loop import bootstrap
from forge_loop.cli.project import Project, newest_job, reading
from forge_loop.cli.rendering import Sources
from forge_loop.domain.job import Attempt, Job
from forge_loop.domain.pipeline import Pipeline, Standing
from forge_loop.errors import ConfigError, OperatorError
from forge_loop.runner import Context
from forge_loop.runner.pipeline import standing_of
from forge_loop.store import Store


class FileNow(StrEnum):
    """What stands in the pipeline's file by now, beside the pipeline that an attempt began with."""

    SAME = "same"
    DIFFERS = "differs"
    UNUSABLE = "unusable"


@dataclass(frozen=True, kw_only=True, slots=True)
class BoundStanding:
    """`pipeline` is the one that the candidate's `attempt` began with."""

    pipeline: Pipeline
    standing: Standing
    attempt: Attempt | None
    file: FileNow


def node_standing(project: Project, number: int) -> BoundStanding:
    """The standing of the newest job's candidate under the labels that the issue carries now.

    Raises OperatorError, and ConfigError where only the file could say which pipeline it is.
    """
    with reading(project) as store:
        job = newest_job(store, number)
        if store is None or job.head_sha is None:
            raise OperatorError(
                f"#{number} has no candidate yet: it is {job.state}", hint=f"forge-loop explain {number}"
            )
        pipeline, file = _pipeline(project, store, job)
        briefs = bootstrap.usable_briefs(project.directory)
        sources = Sources(settings=project.settings, base="", briefs=briefs, store=store, pipeline=pipeline)
        labels = bootstrap.tracker(project.directory, project.settings, project.environ).issue(number).labels
        # The function takes a Context and reads these parts of it.
        found = standing_of(cast(Context, sources), job, labels)
        assert found is not None, "labels were given"
        attempt = store.attempts.get(job.attempt) if job.attempt is not None else None
        return BoundStanding(pipeline=pipeline, standing=found, attempt=attempt, file=file)


def _pipeline(project: Project, store: Store, job: Job) -> tuple[Pipeline, FileNow]:
    bound = store.pipelines.of(job.attempt)
    try:
        newest = bootstrap.usable_pipeline(project.directory)
    except ConfigError:
        if bound is None:
            raise
        return bound, FileNow.UNUSABLE
    return bound or newest, FileNow.SAME if bound in (None, newest) else FileNow.DIFFERS
