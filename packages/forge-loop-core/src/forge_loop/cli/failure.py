"""How a failure is told: two lines for a person, an RFC 9457 problem object for a script, and the exit code.

Owns: the words for errors that nobody foresaw, and for those of the command line itself. Must not: raise.
"""

from __future__ import annotations

import re

import click

from forge_loop.cli.invocation import Invocation
from forge_loop.errors import ConfigError, ForgeLoopError

INTERRUPTED = 130
USAGE = 2


def report(error: BaseException, invocation: Invocation) -> int:
    """Tell what happened on stderr; the exit code."""
    if isinstance(error, KeyboardInterrupt | click.Abort):
        return _told(invocation, INTERRUPTED, "interrupted", "interrupted", "")
    if isinstance(error, click.ClickException):
        return _told(invocation, USAGE, "usage", error.format_message(), _usage_hint(error))
    if isinstance(error, ForgeLoopError):
        extra = {"problems": list(error.problems)} if isinstance(error, ConfigError) else {}
        return _told(invocation, error.exit_code, _kind(error), error.message, error.hint, **extra)
    if isinstance(error, ImportError):
        # A satellite that is installed and cannot be imported is shown as what it says.
        return _told(invocation, 1, "import", f"{type(error).__name__}: {error}", "")
    if invocation.verbose:
        import traceback  # only for a bug

        invocation.output.say("".join(traceback.format_exception(error)).rstrip())
    hint = "" if invocation.verbose else "run it again with -v to see where"
    said = f"this is a bug in forge-loop: {type(error).__name__}: {error}"
    return _told(invocation, ForgeLoopError.exit_code, "bug", said, hint)


def _told(invocation: Invocation, status: int, kind: str, message: str, hint: str, **extra: object) -> int:
    """`--json` counts even where the words could not be read to their end."""
    if not invocation.json and "--json" not in invocation.words:
        invocation.output.error(message, hint)
        return status
    title = kind.replace("-", " ")
    shape = {"schema_version": 1, "type": f"urn:forge-loop:error:{kind}", "title": title, "detail": message}
    invocation.output.problem({**shape, **({"hint": hint} if hint else {}), "exit_code": status, **extra})
    return status


def _kind(error: ForgeLoopError) -> str:
    """`NoSuchIssueError` is `no-such-issue`."""
    name = type(error).__name__.removesuffix("Error") or "error"
    return re.sub(r"(?<=[a-z])(?=[A-Z])", "-", name).lower()


def _usage_hint(error: click.ClickException) -> str:
    context = getattr(error, "ctx", None)
    return f"{context.command_path} --help" if context is not None else "forge-loop --help"
