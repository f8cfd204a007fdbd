"""Every error the product raises on purpose, as one tree, and the exit code each means.

Owns: the classes, their exit codes and their hints. Must not: import anything of the project, print, or log.

    ForgeLoopError                      1  the work failed
    +-- OperatorError                   2  the operator must change something
    |   +-- ConfigError                    every problem of a configuration at once
    |   +-- BriefError                     a brief template that cannot be used
    |   +-- MissingDistributionError       a satellite that is not installed (also an ImportError)
    |   +-- UnsupportedPlaceError          a network filesystem, a state directory inside the repository
    |   +-- NoSuchIssueError
    +-- AuthenticationError             4
    +-- LoopRunningError                5  another loop holds the state directory
    +-- ForgeError                         the tracker or the code host
    |   +-- UnreadableError                a fact could not be read: unknown, never empty
    |   +-- RefusedError                   the forge answered no
    +-- GitError                           a git command failed
    +-- DatabaseError
    |   +-- DatabaseBusyError              the write gate stayed taken
    |   +-- DatabaseFullError              no space left
    |   +-- DatabaseNewerError             written by a newer version
    |   +-- DatabaseOlderError             of an older version, and only looked at
    |   +-- DatabaseDamagedError           not a database, or quick_check failed
    +-- QueueError
    |   +-- LeaseLost                      the delivery expired or belongs to another consumer
    |   +-- NoSuchDeadJobError
    +-- AgentError                         a session could not be started at all
    +-- IllegalTransition                  a job was asked to take a step its state does not allow
"""

from __future__ import annotations

from collections.abc import Sequence


class ForgeLoopError(Exception):
    """Something failed. `hint` is the one next thing to do, or empty."""

    exit_code = 1

    def __init__(self, message: str, *, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class OperatorError(ForgeLoopError):
    """The operator must change something: usage, configuration, an installation."""

    exit_code = 2


class ConfigError(OperatorError):
    """A configuration that cannot be used. `problems` holds every one of them, each `place: what`."""

    def __init__(self, problems: Sequence[str], *, hint: str = "forge-loop config check") -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "1 problem" if count == 1 else f"{count} problems"
        super().__init__(
            f"the configuration has {head}:\n" + "\n".join(f"  {line}" for line in self.problems), hint=hint
        )


class BriefError(OperatorError):
    """A brief template names something outside the closed set, or cannot be read."""


class MissingDistributionError(OperatorError, ImportError):
    """A command or a sink belongs to a distribution that is not installed."""

    def __init__(self, asked: str, distribution: str, *, hint: str) -> None:
        OperatorError.__init__(self, f"`{asked}` needs {distribution}, which is not installed", hint=hint)
        self.asked = asked
        self.distribution = distribution


class UnsupportedPlaceError(OperatorError):
    """A path on which the product's promises do not hold."""


class NoSuchIssueError(OperatorError):
    """The tracker has no such issue."""

    def __init__(self, number: int) -> None:
        super().__init__(f"there is no issue #{number}", hint="forge-loop issue list")
        self.number = number


class AuthenticationError(ForgeLoopError):
    """A credential is missing or was refused."""

    exit_code = 4


class LoopRunningError(ForgeLoopError):
    """Another loop holds this state directory."""

    exit_code = 5


class ForgeError(ForgeLoopError):
    """The tracker or the code host did not do what was asked."""


class UnreadableError(ForgeError):
    """A fact could not be read. It is unknown: neither empty, nor false, nor approved."""


class RefusedError(ForgeError):
    """The forge understood and said no; asking again changes nothing."""


class GitError(ForgeLoopError):
    """A git command failed. `command` holds its words, `output` what it printed."""

    def __init__(self, command: Sequence[str], status: int, output: str) -> None:
        super().__init__(f"git {' '.join(command)!r} ended with {status}: {output.strip()[-2000:]}")
        self.command = tuple(command)
        self.status = status
        self.output = output


class DatabaseError(ForgeLoopError):
    """The state database could not do what was asked."""


class DatabaseBusyError(DatabaseError):
    """Another process kept the write gate for longer than the busy timeout."""


class DatabaseFullError(DatabaseError):
    """The disk is full; nothing of this transaction was kept."""


class DatabaseNewerError(DatabaseError):
    """The file was written by a newer version; going back is refused."""

    exit_code = 2


class DatabaseOlderError(DatabaseError):
    """The file is of an older version, and whoever only looks cannot bring it forward."""

    exit_code = 2


class DatabaseDamagedError(DatabaseError):
    """The file is not a database, or fails its integrity check."""


class QueueError(ForgeLoopError):
    """A queue could not do what was asked."""


class LeaseLost(QueueError):
    """The delivery expired or was taken over; nothing was changed."""


class NoSuchDeadJobError(QueueError):
    """No dead job has this id."""


class AgentError(ForgeLoopError):
    """A session could not be started at all."""


class IllegalTransition(ForgeLoopError):
    """A job was asked to take a step that its state does not allow."""
