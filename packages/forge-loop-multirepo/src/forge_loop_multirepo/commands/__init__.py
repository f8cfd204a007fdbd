"""`forge-loop repos`: the fleet from the command line.

Owns: the group and its commands. Must not: decide who gets a slot.
"""

from __future__ import annotations

import click

from forge_loop.extension import shared
from forge_loop_multirepo.commands import asking, editing, planning, running


@click.group()
@shared
def repos() -> None:
    """Run the loop over many repositories, which share slots and the account's limit.

    --config names the fleet's file here; each repository has its own settings and its own state.
    """


for command in (
    editing.add,
    editing.list_,
    editing.enable,
    editing.disable,
    editing.remove,
    planning.doctor,
    planning.plan,
    running.run,
    asking.status_,
    asking.explain,
):
    repos.add_command(command)
