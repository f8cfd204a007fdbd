"""The console script: words in, an exit code out.

Owns: loading one command by name, the order of `--help`, and that every error ends as two lines (or a problem object)
and an exit code. Must not: import a command, the SDK or a satellite before it is asked for.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from importlib import import_module

import click

from forge_loop import __version__
from forge_loop.cli.catalogue import COMMANDS
from forge_loop.cli.failure import report
from forge_loop.cli.invocation import Invocation
from forge_loop.cli.options import shared
from forge_loop.cli.output import Output, OutputClosed
from forge_loop.stability import SATELLITES, Stability

PROGRAM = "forge-loop"
COMPLETION_VARIABLE = "_FORGE_LOOP_COMPLETE"
CONTEXT = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


class CommandLine(click.Group):
    """A group whose commands are imported when they are run, not when they are listed."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's signature
        return [*COMMANDS, *(name for each in SATELLITES for name in each.commands)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 - click's
        entry = COMMANDS.get(cmd_name)
        found: click.Command | None
        if entry is not None:
            found = getattr(import_module(f"forge_loop.cli.{entry.module}"), entry.attribute)
            assert isinstance(found, click.Command)
        else:
            from forge_loop.plugins import load_command

            found = load_command(cmd_name)
        if isinstance(found, click.Group):
            _describe_in_full(found)
        return found

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        try:
            return super().resolve_command(ctx, args)
        except click.UsageError:
            from difflib import get_close_matches  # only for a mistake

            near = get_close_matches(args[0], self.list_commands(ctx), n=1)
            meant = f", did you mean {near[0]!r}?" if near else ""
            raise click.UsageError(f"there is no command {args[0]!r}{meant}", ctx) from None

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:  # noqa: ARG002 - click's
        satellites = [
            (name, line if each.built else f"{line} (not built yet)")
            for each in SATELLITES
            for name, line in each.commands.items()
        ]
        own = [(name, entry.help) for name, entry in COMMANDS.items()]
        width = max(len(name) for name, _ in own + satellites)
        for title, rows in ((Stability.STABLE, own), (Stability.EXPERIMENTAL, satellites)):
            with formatter.section(str(title)):
                formatter.write_dl([(name.ljust(width), line) for name, line in rows])

    def shell_complete(self, ctx: click.Context, incomplete: str) -> list[click.shell_completion.CompletionItem]:
        item = click.shell_completion.CompletionItem
        named = [item(name, help=COMMANDS[name].help) for name in COMMANDS if name.startswith(incomplete)]
        return [*named, *click.Command.shell_complete(self, ctx, incomplete)]


def _describe_in_full(group: click.Group) -> None:
    """Its help lists each command with the whole first sentence, where click would cut it."""
    for command in group.commands.values():
        command.short_help = command.short_help or " ".join((command.help or "").split("\n\n")[0].split())


def _version(ctx: click.Context, _param: click.Parameter, asked: bool) -> None:
    if asked and not ctx.resilient_parsing:
        ctx.obj.output.data(f"{PROGRAM} {__version__}")
        ctx.exit()


@click.group(cls=CommandLine, invoke_without_command=True, context_settings=CONTEXT)
@click.option(
    "--version", is_flag=True, expose_value=False, is_eager=True, callback=_version, help="Print the version."
)
@shared
@click.pass_context
def command_line(ctx: click.Context) -> None:
    """Label an issue; wake up to a reviewed, verified, merged pull request, or to a clear sentence saying why not.

    New here: forge-loop demo. In a project of your own: forge-loop init.
    """
    if ctx.invoked_subcommand is None:
        ctx.obj.output.data(ctx.get_help())
        ctx.exit()


def main(words: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code."""
    given = tuple(sys.argv[1:] if words is None else words)
    _open_streams()
    output = Output(sys.stdout, sys.stderr, os.environ)
    invocation = Invocation(output=output, environ=os.environ, words=given)
    try:
        status = _complete(output) if COMPLETION_VARIABLE in os.environ else _run(given, invocation)
        output.flush()
    except OutputClosed:
        output.abandon()
        return 0
    except (Exception, KeyboardInterrupt) as error:  # noqa: BLE001 - the last fence: an operator is owed a sentence
        return report(error, invocation)
    return status


def _open_streams() -> None:
    """A stream that was closed before the start leads nowhere. Else the next file to be opened would take its place."""
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        os.set_inheritable(number, True)
    os.close(number)
    for number, name in enumerate(("stdin", "stdout", "stderr")):
        if getattr(sys, name) is None:
            setattr(sys, name, open(number, "w" if number else "r", encoding="utf-8", closefd=False))  # noqa: SIM115


def _run(words: Sequence[str], invocation: Invocation) -> int:
    try:
        with command_line.make_context(PROGRAM, list(words), obj=invocation) as ctx:
            answer = command_line.invoke(ctx)
    except click.exceptions.Exit as ended:
        return ended.exit_code
    return answer if isinstance(answer, int) else 0


def _complete(output: Output) -> int:
    """What a shell asks while a word is being typed; `bash_complete` or `bash_source`."""
    from click.shell_completion import get_completion_class

    shell, _, instruction = os.environ[COMPLETION_VARIABLE].partition("_")
    kind = get_completion_class(shell)
    if kind is None:
        return 1
    asked = kind(command_line, {}, PROGRAM, COMPLETION_VARIABLE)
    output.line(asked.source() if instruction == "source" else asked.complete())
    return 0
