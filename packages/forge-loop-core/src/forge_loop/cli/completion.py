"""`forge-loop completion SHELL`: the lines a shell evaluates to complete this command.

Owns: printing them. Must not: write a shell's start-up file.
"""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import shared

HOW = {
    "bash": 'eval "$(forge-loop completion bash)"      # in ~/.bashrc',
    "zsh": 'eval "$(forge-loop completion zsh)"        # in ~/.zshrc',
    "fish": "forge-loop completion fish | source       # in ~/.config/fish/config.fish",
}


@click.command()
@click.argument("shell", type=click.Choice(sorted(HOW)), metavar="SHELL")
@shared
@click.pass_context
def command(ctx: click.Context, shell: str) -> None:
    """Print what SHELL (bash, zsh or fish) evaluates to complete forge-loop's words."""
    given = ctx.ensure_object(Invocation)
    kind = get_completion_class(shell)
    assert kind is not None
    root = ctx.find_root()
    given.output.line(kind(root.command, {}, "forge-loop", "_FORGE_LOOP_COMPLETE").source())
    if given.output.is_terminal:
        given.output.say(HOW[shell])
