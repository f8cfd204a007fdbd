"""`forge-loop logs ISSUE`: the transcripts of its sessions.

Owns: choosing, following and reading them aloud. Must not: know the SDK; lines are read by their fields.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import as_json, issue_number, shared
from forge_loop.cli.project import Project, find_project, newest_job, reading
from forge_loop.cli.transcripts import readable
from forge_loop.domain.session import Role
from forge_loop.status.transcript import lines_after

LOOK_SECONDS = 0.3


@click.command()
@click.argument("issue", type=issue_number)
@click.option("-f", "--follow", is_flag=True, help="Go on until the job has ended.")
@click.option("--role", type=click.Choice([str(role) for role in Role]), help="Only this role's sessions.")
@as_json
@shared
@click.pass_obj
def command(given: Invocation, issue: int, follow: bool, role: str | None) -> None:
    """What the sessions of ISSUE's newest job said and did, oldest first."""
    project = find_project(given)
    reader = Reader(given=given)
    while True:
        paths, ended = _transcripts(project, issue, role)
        found = [reader.print_new(path) for path in paths]
        if not follow or ended:
            break
        time.sleep(LOOK_SECONDS)
    if not any(found) and not reader.printed:
        given.output.say(f"no session of #{issue} has said anything yet")


def _transcripts(project: Project, issue: int, role: str | None) -> tuple[list[Path], bool]:
    """The files of the newest job in the order in which their sessions began, and whether the job has ended."""
    with reading(project) as store:
        job = newest_job(store, issue)
        assert store is not None
        rows = store.sessions.select("job = ?", job.id)
    wanted = [row for row in rows if role is None or row.role == role]
    return [Path(path) for path in dict.fromkeys(row.transcript for row in wanted)], job.state.terminal


@dataclass(kw_only=True, slots=True)
class Reader:
    """Prints each line once, and only whole ones."""

    given: Invocation
    printed: bool = False
    _places: dict[Path, int] = field(default_factory=dict)

    def print_new(self, path: Path) -> bool:
        """Print the lines that were added; whether there were any."""
        lines = self._new_lines(path)
        for line in lines:
            self.printed = True
            if self.given.json:
                self.given.output.line(line)
            else:
                for text in readable(line):
                    self.given.output.data(text)
        return bool(lines)

    def _new_lines(self, path: Path) -> tuple[str, ...]:
        window = lines_after(path, self._places.get(path, 0))
        self._places[path] = window.end
        return window.lines
