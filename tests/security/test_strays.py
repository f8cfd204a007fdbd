"""Guarantee 6: with bubblewrap no process of an agent outlives a `kill -9` of the loop by more than 5 seconds."""

from __future__ import annotations

import os
import signal
import uuid
from pathlib import Path

import pytest

from forge_loop.agents.processes import living, marked
from forge_loop.rehearsal.model import Reply, Request, ScriptedModel, use
from support import child, strays
from support.sandboxes import needs_bubblewrap
from support.strays import FOREVER, KINDS, alive, seconds_until

pytestmark = needs_bubblewrap

PROMISED = 5.0
PATIENCE = 60.0
# A loop, as far as sessions and commands go: it starts one and sits there until it is killed.
LOOP = """
    import os, sys, threading
    from pathlib import Path
    from support.sandboxes import sandbox_in
    from forge_loop.agents.commands import LocalCommands
    from forge_loop.agents.hosts import ClaudeAgents
    from forge_loop.bootstrap.clock import SystemClock
    from support.sessions import order

    what, loop_id, root, url = sys.argv[1], sys.argv[2], Path(sys.argv[3]), sys.argv[4]
    script = (root / "strays.sh").read_text()
    sandbox = sandbox_in(root / "state")
    environ = {"PATH": os.environ["PATH"]}
    if what == "session":
        environ |= {"ANTHROPIC_BASE_URL": url, "CLAUDE_CODE_OAUTH_TOKEN": "t", "CLAUDE_CODE_MAX_RETRIES": "0"}
        agents = ClaudeAgents(
            loop_id=loop_id, auth="subscription", environ=environ, clock=SystemClock(), on_news=lambda: None,
            sandbox=sandbox,
        )
        placed = order(root / "state" / "private")
        (placed.workspace / "strays.sh").write_text(script)
        agents.start(placed, attempt=1)
        threading.Event().wait()
    else:
        commands = LocalCommands(loop_id=loop_id, environ=environ, scratch=root / "state" / "private", sandbox=sandbox)
        place = root / "state" / "check"
        place.mkdir(parents=True)
        (place / "strays.sh").write_text(script)
        commands.run(". ./strays.sh", directory=place, timeout=600)
"""


def survive(loop_id: str, token: str) -> list[int]:
    """The processes of a loop, those without its marker too."""
    return [*(process.pid for process in marked(f"FORGE_LOOP_ID={loop_id}")), *alive(token)]


def kill_loop(
    tmp_path: Path, what: str, url: str, monkeypatch: pytest.MonkeyPatch, *, then: str, with_children: bool
) -> float:
    """Kill a loop once every stray lives; how long until nothing of it did."""
    token = f"stray-{uuid.uuid4()}"
    # In a file: on a command line the words of all strays would stand before the first of them runs.
    (tmp_path / "strays.sh").write_text(f"{strays.start(token)}\n{then}\n")
    monkeypatch.setenv("PYTHONPATH", str(Path(__file__).parent.parent))
    loop_id = f"test-{uuid.uuid4()}"
    with child.python(LOOP, what, loop_id, tmp_path, url) as loop:
        began = seconds_until(lambda: all(alive(f"{token}-{kind};") for kind in KINDS), within=PATIENCE)
        assert began < PATIENCE, f"only these live: {[kind for kind in KINDS if alive(f'{token}-{kind};')]}"
        assert len(survive(loop_id, token)) > len(KINDS)
        # Its host or shim would clean up by itself; killed with it, only the kernel is left to do so.
        below = [process.pid for process in living() if process.parent == loop.pid] if with_children else []
        for pid in (loop.pid, *below):
            os.kill(pid, signal.SIGKILL)
        return seconds_until(lambda: not survive(loop_id, token), within=4 * PROMISED)


alone_and_with_children = pytest.mark.parametrize("with_children", [False, True], ids=["alone", "with its children"])


@alone_and_with_children
@pytest.mark.parametrize("then", ["true", FOREVER], ids=["the model is silent", "a tool runs"])
def test_no_process_of_a_session_outlives_a_killed_loop_by_5_seconds(
    then: str, with_children: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def answer(request: Request) -> Reply:
        shell = use("Bash", command=". ./strays.sh", timeout=590000)
        return Reply(text="never", wait=600) if request.turn else shell

    with ScriptedModel(answer) as model:
        seconds = kill_loop(tmp_path, "session", model.url, monkeypatch, then=then, with_children=with_children)
    assert seconds < PROMISED


@alone_and_with_children
def test_no_process_of_a_check_outlives_a_killed_loop_by_5_seconds(
    with_children: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert kill_loop(tmp_path, "check", "", monkeypatch, then=FOREVER, with_children=with_children) < PROMISED
