"""Where the nodes of a pipeline stand for an issue's candidate, by the runner's own functions.

Owns: bringing rows, briefs and labels together for them. Must not: hold a rule of its own.
"""

from __future__ import annotations

from typing import cast

from forge_loop import bootstrap
from forge_loop.cli.project import Project, newest_job, reading
from forge_loop.cli.rendering import Sources
from forge_loop.domain.pipeline import Pipeline, Standing
from forge_loop.errors import OperatorError
from forge_loop.runner import Context
from forge_loop.runner.pipeline import standing_of


def node_standing(project: Project, pipeline: Pipeline, number: int) -> Standing:
    """The standing of the newest job's candidate under the labels that the issue carries now. Raises OperatorError."""
    with reading(project) as store:
        job = newest_job(store, number)
        if store is None or job.head_sha is None:
            raise OperatorError(
                f"#{number} has no candidate yet: it is {job.state}", hint=f"forge-loop explain {number}"
            )
        briefs = bootstrap.usable_briefs(project.directory)
        sources = Sources(settings=project.settings, base="", briefs=briefs, store=store, pipeline=pipeline)
        labels = bootstrap.tracker(project.directory, project.settings, project.environ).issue(number).labels
        # The function takes a Context and reads these parts of it.
        found = standing_of(cast(Context, sources), job, labels)
        assert found is not None, "labels were given"
        return found
