"""What a project may bring of its own beside its settings: briefs and a pipeline.

Owns: where they lie, and that what is there can be used. Must not: render or run them.
"""

from __future__ import annotations

from pathlib import Path

from forge_loop.briefs import Briefs
from forge_loop.domain.pipeline import CRITIC_ALONE, Pipeline
from forge_loop.errors import BriefError

BRIEFS = Path(".forge-loop") / "briefs"
PIPELINE = Path(".forge-loop") / "pipeline.yaml"


def usable_briefs(project: Path) -> Briefs:
    """The project's briefs. Raises BriefError with every problem: at start, not at midnight."""
    briefs = Briefs(project / BRIEFS)
    problems = briefs.check()
    if problems:
        raise BriefError("\n".join(problems), hint="forge-loop brief check")
    return briefs


def usable_pipeline(project: Path) -> Pipeline:
    """The project's pipeline; without a file, the critic alone. Raises ConfigError with every problem of the file, and
    MissingDistributionError where what reads it is not installed: a review that was asked for is never left out."""
    path = project / PIPELINE
    if not (path.exists() or path.is_symlink()):
        return CRITIC_ALONE
    from forge_loop.plugins import load_pipeline

    return load_pipeline(path)
