"""Running git on a repository that the loop owns.

Owns: the environment and the settings of every git command of the loop. Must not: know what a command is for.

Nothing from outside decides what runs: system and user configuration, hooks, prompts, pagers, file monitors and
attribute files are off, no transport but the local one is allowed, and the environment starts empty.
"""

from __future__ import annotations

import os
import re
import signal
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from forge_loop.errors import GitError

IDENTITY = "forge-loop"
EMAIL = "forge-loop@localhost"
TIMEOUT = 600.0

_SETTINGS = (
    "core.hooksPath=/dev/null",
    "core.fsmonitor=false",
    "core.attributesFile=/dev/null",
    "core.excludesFile=/dev/null",
    "core.quotePath=false",
    "commit.gpgSign=false",
    "credential.helper=",
    "fetch.recurseSubmodules=false",
    "submodule.recurse=false",
    "gc.auto=0",
    "maintenance.auto=false",
    "protocol.allow=never",
    "protocol.file.allow=always",
)

_SHA = re.compile(r"[0-9a-f]{40}(?:[0-9a-f]{24})?")


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What a command printed. Names in git are bytes, so stdout stays bytes."""

    status: int
    stdout: bytes
    stderr: str

    @property
    def text(self) -> str:
        return self.stdout.decode("utf-8", "replace").strip()

    @property
    def fields(self) -> list[bytes]:
        """What `-z` output holds, one entry a field."""
        return self.stdout.split(b"\0")[:-1] if self.stdout else []


class Git:
    """git on one git directory. `place` is the `.git` or bare directory itself; git never searches for one."""

    def __init__(self, place: Path, *, settings: Sequence[str] = (), timeout: float = TIMEOUT) -> None:
        self.place = place
        self._settings = [word for setting in (*_SETTINGS, *settings) for word in ("-c", setting)]
        self._timeout = timeout

    def run(
        self,
        *words: str,
        accept: Sequence[int] = (0,),
        stdin: bytes = b"",
        environment: Mapping[str, str] | None = None,
    ) -> Answer:
        """Run one command. Raises GitError for a status that is not in `accept`, and when the time runs out."""
        command = ["git", f"--git-dir={self.place}", *self._settings, *words]
        answer = _run(command, words, stdin, {**_environment(), **(environment or {})}, self._timeout)
        if answer.status not in accept:
            raise GitError(words, answer.status, answer.stderr or answer.text)
        return answer

    def text(self, *words: str) -> str:
        return self.run(*words).text

    def holds(self, *words: str) -> bool:
        """The answer of a command that says yes with 0 and no with 1."""
        return self.run(*words, accept=(0, 1)).status == 0


def is_sha(text: str) -> bool:
    """Whether this is a full object id: the only kind the loop passes on, so nothing can look like an option."""
    return _SHA.fullmatch(text) is not None


def dates(when: datetime) -> Mapping[str, str]:
    """The environment that gives a commit this moment as both its dates."""
    stamp = f"{int(when.astimezone(UTC).timestamp())} +0000"
    return {"GIT_AUTHOR_DATE": stamp, "GIT_COMMITTER_DATE": stamp}


def _environment() -> dict[str, str]:
    return {
        "PATH": os.environ.get("PATH", os.defpath),
        # A home that is not there: git reads attributes and ignore rules below it whatever GIT_CONFIG_GLOBAL says.
        "HOME": "/nonexistent",
        "LC_ALL": "C",
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_SYSTEM": os.devnull,
        "GIT_ATTR_NOSYSTEM": "1",
        "GIT_TERMINAL_PROMPT": "0",
        "GIT_NO_LAZY_FETCH": "1",
        "GIT_LITERAL_PATHSPECS": "1",
        "GIT_AUTHOR_NAME": IDENTITY,
        "GIT_AUTHOR_EMAIL": EMAIL,
        "GIT_COMMITTER_NAME": IDENTITY,
        "GIT_COMMITTER_EMAIL": EMAIL,
    }


def _run(
    command: Sequence[str], words: Sequence[str], stdin: bytes, environment: Mapping[str, str], timeout: float
) -> Answer:
    # A session of its own, so that a Ctrl-C at the terminal does not stop git halfway, and a timeout ends its children.
    process = subprocess.Popen(
        command,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=dict(environment),
        cwd="/",
        start_new_session=True,
    )
    try:
        stdout, stderr = process.communicate(stdin, timeout=timeout)
    except subprocess.TimeoutExpired as error:
        raise GitError(words, -signal.SIGKILL, f"no answer within {timeout:g} s") from error
    finally:
        if process.poll() is None:
            os.killpg(process.pid, signal.SIGKILL)
            process.communicate()
    return Answer(status=process.returncode, stdout=stdout, stderr=stderr.decode("utf-8", "replace"))
