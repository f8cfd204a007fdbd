"""A loop over a few issues with the real Claude Code and a scripted model; what it took of the CPU by itself.

Owns: the project, the script, running the loop in a process of its own. Must not: count what its children take.
"""

from __future__ import annotations

import base64
import json
import os
import shlex
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from forge_loop.rehearsal.model import Reply, Request, ScriptedModel, report, use

BODY = "\n\n".join(
    f"## {name}\n\n- {'what is wanted, and how one sees that it is there. ' * 3}"
    for name in (
        "Problem",
        "Acceptance criteria",
        "Test matrix",
        "Out of scope",
        "File pointers",
    )
)
WORK = {"status": "done", "summary": "did it", "tests_run": [], "notes": ""}
APPROVAL = {"overall": "approve", "findings": [], "reviewed": ["all of it"]}
# The loop in a process of its own: its CPU from the first tick to the last, without what was imported before.
CHILD = """
import json, os, sys, time
from pathlib import Path
from forge_loop.bootstrap import build
from forge_loop.config.layout import StateLayout
from forge_loop.config.load import load
from forge_loop.runner import Until
project, state = Path(sys.argv[1]), Path(sys.argv[2])
loop = build(project=project, settings=load(project, environ=os.environ, flags={}).settings,
             layout=StateLayout(state), environ=os.environ, on_fault=lambda *what: print(what, file=sys.stderr))
began = time.process_time()
loop.runner.run(Until(idle=True))
cpu = time.process_time() - began
print(json.dumps({"cpu": cpu, "jobs": {str(k): v for k, v in loop.context.store.jobs.counts().items()}}))
loop.close()
"""
# The same loop with nothing to do: its CPU from ten seconds after its start.
AT_REST = """
import json, os, sys, threading, time
from pathlib import Path
from forge_loop.bootstrap import build
from forge_loop.config.layout import StateLayout
from forge_loop.config.load import load
from forge_loop.runner import Until
project, state, seconds = Path(sys.argv[1]), Path(sys.argv[2]), float(sys.argv[3])
loop = build(project=project, settings=load(project, environ=os.environ, flags={}).settings,
             layout=StateLayout(state), environ=os.environ, on_fault=lambda *what: print(what, file=sys.stderr))
said = []
def watch():
    time.sleep(10)
    began = time.process_time()
    time.sleep(seconds)
    said.append((time.process_time() - began) * 60 / seconds)
    loop.runner.stop("enough")
threading.Thread(target=watch).start()
loop.runner.run(Until())
print(json.dumps({"idle": said[0]}))
loop.close()
"""


@dataclass(frozen=True, kw_only=True, slots=True)
class Loop:
    """What a loop took: seconds of CPU, of its own process alone, and a minute of rest; and where it left its state."""

    cpu: float
    idle: float
    state: Path


def run(place: Path, *, issues: int, idle: float) -> Loop:
    """Let a loop merge so many issues, and then rest for `idle` seconds."""
    project, home, state = place / "project", place / "home", place / "state"
    project.mkdir()
    home.mkdir()
    _git(project, "init", "-q", "-b", "main")
    (project / "README").write_text("a project\n")
    (project / "forge-loop.yaml").write_text("forge: local\nchecks: ['test -f README']\n")
    _git(project, "add", "-A")
    _git(project, "commit", "-q", "-m", "first")
    with ScriptedModel(_answer) as model:
        variables = {
            "PATH": os.environ["PATH"],
            "HOME": str(home),
            "ANTHROPIC_BASE_URL": model.url,
            "CLAUDE_CODE_OAUTH_TOKEN": "not-a-real-token",
            "FORGE_LOOP_STATE_DIR": str(state),
        }
        _says(project, variables, "-m", "forge_loop", "init", "--yes", "--force")
        (project / "forge-loop.yaml").write_text("forge: local\nchecks: ['test -f README']\n")
        (place / "body.md").write_text(BODY)
        for number in range(1, issues + 1):
            words = ("issue", "add", f"Write file {number}", "-F", str(place / "body.md"), "--approve")
            _says(project, variables, "-m", "forge_loop", *words)
        said = json.loads(_says(project, variables, "-c", CHILD, str(project), str(state)))
        if said["jobs"] != {"merged": issues}:
            raise SystemExit(f"not every issue was merged: {said['jobs']}")
        rest = json.loads(_says(project, variables, "-c", AT_REST, str(project), str(state), str(idle))) if idle else {}
    return Loop(cpu=said["cpu"], idle=rest.get("idle", 0.0), state=state)


def _answer(request: Request) -> Reply:
    if "overall" in request.report_fields:
        return report(APPROVAL)
    if request.step == 0:
        name = f"file-{request.session[:8]}.txt"
        text = base64.b64encode(b"some text\n").decode()
        command = f"echo {text} | base64 -d > {name} && git add {shlex.quote(name)} && git commit -q -m 'Write a file'"
        return use("Bash", command=command)
    return report(WORK)


def _git(project: Path, *words: str) -> None:
    identity = ["-c", "user.name=bench", "-c", "user.email=bench@example.invalid"]
    subprocess.run(["git", *identity, *words], cwd=project, check=True, timeout=60)


def _says(project: Path, variables: dict[str, str], *words: str) -> str:
    done = subprocess.run(
        [sys.executable, *words], cwd=project, env=variables, capture_output=True, text=True, timeout=600, check=False
    )
    if done.returncode != 0:
        raise SystemExit(done.stderr)
    return done.stdout
