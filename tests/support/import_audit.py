"""A hook for a whole environment: every Python process in it refuses some packages and writes down who asked for them.

Owns: the hook, put in through a `.pth` file, and reading back what it saw. Must not: run in the process of the tests.
The host of a session may use what the agent SDK needs; no other process may.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

EVERYWHERE = ("fastapi", "jinja2", "prometheus_client", "opentelemetry.sdk", "redis", "duckdb")
WITH_THE_SDK = ("claude_agent_sdk", "mcp", "pydantic", "starlette", "uvicorn", "opentelemetry")
HOST = "forge_loop.agents.host"

HOOK = """
import os
import sys

HOST = {host!r} in sys.orig_argv
REFUSED = {everywhere!r} + (() if HOST else {with_the_sdk!r})


def note(kind, what):
    with open({log!r}, "a") as log:
        log.write("|".join((kind, "host" if HOST else "own", what)) + "\\n")


class Refusal:
    def find_spec(self, name, path=None, target=None):
        if "redis" in name.lower() or any(name == each or name.startswith(each + ".") for each in REFUSED):
            note("asked", name)
            raise ModuleNotFoundError(name + " is refused here", name=name)
        return None


sys.meta_path.insert(0, Refusal())
note("process", " ".join(sys.orig_argv[1:]))
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """`asked` are (process kind, module) that were refused; `processes` the (kind, command lines) that had the hook."""

    asked: list[tuple[str, str]]
    processes: list[tuple[str, str]]


def put_in(site: Path, log: Path, *, everywhere: Sequence[str]) -> None:
    """Make every Python process of the environment with this site-packages carry the hook."""
    hook = HOOK.format(host=HOST, everywhere=tuple(everywhere), with_the_sdk=WITH_THE_SDK, log=str(log))
    log.touch()
    (site / "import_audit_hook.py").write_text(hook)
    # Not sitecustomize: Debian's Python brings one of its own, which would be found first.
    (site / "import_audit_hook.pth").write_text("import import_audit_hook\n")


def read(log: Path) -> Seen:
    rows = [line.split("|", 2) for line in log.read_text().splitlines()]
    return Seen(
        asked=[(who, what) for kind, who, what in rows if kind == "asked"],
        processes=[(who, what) for kind, who, what in rows if kind == "process"],
    )
