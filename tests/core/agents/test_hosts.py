"""Sessions through the real agent SDK and the real Claude Code; only the model is scripted."""

from __future__ import annotations

import json
import os
import signal
import stat
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from forge_loop.agents.processes import find, living
from forge_loop.domain.review import REPORT_SCHEMA
from forge_loop.domain.session import Role, SessionEnded, SessionOrder, SessionOutcome
from forge_loop.rehearsal.model import Reply, Request, report, use
from support.sandboxes import needs_bubblewrap, sandbox_in
from support.scripted import APPROVAL, WORK, play, rounds
from support.sessions import Stage, left_of, order
from support.strays import alive

COUNTING = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); sleep 0.1; done"
SECRETS = {
    "ANTHROPIC_API_KEY": "planted-key",
    "ANTHROPIC_AUTH_TOKEN": "planted-auth",
    "GH_TOKEN": "planted-gh",
    "SSH_AUTH_SOCK": "planted-agent",
    "AWS_SECRET_ACCESS_KEY": "planted-aws",
}
LIMIT_HEADERS = {
    "retry-after": "3600",
    "anthropic-ratelimit-unified-status": "rejected",
    "anthropic-ratelimit-unified-representative-claim": "five_hour",
    "anthropic-ratelimit-unified-reset": "2000000000",
    "anthropic-ratelimit-unified-5h-utilization": "1.0",
    "anthropic-ratelimit-unified-5h-reset": "2000000000",
}


def failing(status: int, kind: str, **headers: str) -> Reply:
    return Reply(status=status, error=(kind, "scripted"), headers=headers)


@pytest.fixture(scope="module", params=["open", pytest.param("sandbox", marks=needs_bubblewrap)])
def stage(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    state = tmp_path_factory.mktemp("loop") / "state"
    made = Stage(environ=SECRETS, sandbox=sandbox_in(state) if request.param == "sandbox" else None)
    yield made
    made.close()


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("sessions")


@pytest.fixture(scope="module")
def failures(stage: Stage, base: Path) -> dict[str, SessionOrder]:
    """Every way in which the model's service fails, started together; each test awaits its own."""
    once = failing(529, "overloaded_error")
    answers = {
        "limit": play(Reply(status=429, error=("rate_limit_error", "limit"), headers=LIMIT_HEADERS)),
        "overloaded": play(once),
        "broken": play(failing(500, "api_error")),
        "unauthenticated": play(failing(401, "authentication_error")),
        "no such model": play(failing(404, "not_found_error")),
        "silent": play(Reply(text="All done.")),
        "recovering": lambda request: report(WORK) if len(seen(request)) > 1 else once,
        "too many turns": play(*(use("Bash", command=f"echo {turn}") for turn in range(9))),
        "denied": play(
            *(use("Read", file_path=f"/proc/1/environ{n}") for n in range(3)),
            *(use("Write", file_path=f"/etc/planted{n}", content="x") for n in range(9)),
        ),
    }

    def seen(request: Request) -> list[Request]:
        return [entry for entry in stage.model.requests if entry.session == request.session]

    fields = {"too many turns": {"max_turns": 2}}
    return {name: stage.start(order(base, **fields.get(name, {})), answer) for name, answer in answers.items()}


@pytest.fixture(scope="module")
def worked(stage: Stage, base: Path) -> tuple[SessionOrder, SessionEnded]:
    """A worker that looks around, leaves two daemons behind, reaches outside and reports."""
    outside = base / "outside.txt"
    placed = order(base)
    stray = f"echo > $0.begun; : stray-{placed.id}; {COUNTING}"
    daemons = (
        f"setsid sh -c '{stray}' plain >/dev/null 2>&1 & "
        f"env -i PATH=$PATH setsid sh -c '{stray}' bare >/dev/null 2>&1 & "
        "while [ ! -s plain.begun ] || [ ! -s bare.begun ]; do :; done"
    )
    answer = play(
        use("Bash", command=f"env > environment.txt; {daemons}"),
        use("Write", file_path=str(outside), content="x"),
        use("Write", file_path=str(placed.workspace / "inside.txt"), content="written"),
        report(WORK),
    )
    return placed, stage.run(placed, answer)


Worked = tuple[SessionOrder, SessionEnded]


def test_a_worker_writes_files_and_reports(worked: Worked, stage: Stage) -> None:
    placed, ended = worked
    assert (ended.outcome, ended.report) == (SessionOutcome.DONE, WORK)
    assert (placed.workspace / "inside.txt").read_text() == "written"
    assert ended.tool_calls == 4
    assert ended.tokens_in > 0
    assert [entry.tool for entry in stage.activities(placed) if entry.tool] == [
        "Bash",
        "Write",
        "Write",
        "StructuredOutput",
    ]


def test_a_worker_that_goes_on_asking_for_what_it_is_denied_is_ended(
    failures: dict[str, SessionOrder], stage: Stage
) -> None:
    ended = stage.ended(failures["denied"])
    assert ended.outcome is SessionOutcome.DENIED
    reads, writes = (f"Read(/proc/1/environ{n})" for n in range(3)), (f"Write(/etc/planted{n})" for n in range(2))
    assert ended.detail == f"it was denied permission 5 times: {', '.join([*reads, *writes])}"
    assert len(ended.denials) >= 4  # the call under way is interrupted before it is told of


def test_a_worker_cannot_write_outside_its_workspace(worked: Worked, base: Path) -> None:
    assert worked[1].denials == (f"Write({base / 'outside.txt'})",)
    assert not (base / "outside.txt").exists()


def test_the_agents_shell_sees_no_secret_of_the_loop(worked: Worked) -> None:
    seen = (worked[0].workspace / "environment.txt").read_text()
    assert "FORGE_LOOP_SESSION=" in seen
    assert [name for name in SECRETS if f"{name}=" in seen] == []
    assert "planted" not in seen


def test_the_subscription_pays_even_if_a_key_is_set(worked: Worked, stage: Stage) -> None:
    headers = [request.headers for request in stage.requests(worked[0])]
    assert {entry.get("authorization") for entry in headers} == {"Bearer scripted-token"}
    assert not any("x-api-key" in entry for entry in headers)


def test_daemonised_children_are_gone_when_the_session_ends(worked: Worked) -> None:
    assert [(worked[0].workspace / f"{name}.begun").exists() for name in ("plain", "bare")] == [True, True]
    assert alive(f"stray-{worked[0].id}") == []
    assert left_of(worked[0]) == []


def test_the_transcript_holds_every_message_and_is_private(worked: Worked) -> None:
    path = worked[0].transcript
    lines = [json.loads(line) for line in path.read_text().splitlines()]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert [lines[0]["type"], lines[-1]["type"]] == ["prompt", "result"]
    assert {"assistant", "user", "system"} <= {line["type"] for line in lines}
    assert {line["session"] for line in lines} == {worked[0].id}


def test_the_prompt_is_sent_as_it_is(worked: Worked, stage: Stage) -> None:
    first = stage.requests(worked[0])[0]
    assert worked[0].prompt in first.prompt
    assert worked[0].system in first.system


def test_a_session_continues_by_its_id(worked: Worked, stage: Stage) -> None:
    placed = worked[0]
    assert stage.agents.resumable(placed.id, placed.config_dir)
    stage.heard.pop(placed.id)
    again = replace(placed, resume=True, prompt="Now the rest.", timeout=45.0)
    ended = stage.run(again, rounds(play(report({})), play(report({**WORK, "notes": "continued"}))))
    assert ended.outcome is SessionOutcome.DONE
    assert ended.report == {**WORK, "notes": "continued"}
    last = stage.requests(placed)[-1]
    assert placed.prompt in last.prompt
    assert "Now the rest." in last.latest


def test_a_reading_role_has_no_shell_and_no_pen(stage: Stage, base: Path) -> None:
    placed = order(base, role=Role.CRITIC, writes=False, report_schema=REPORT_SCHEMA)
    (placed.workspace / "code.py").write_text("answer = 42\n")
    (base / "secret.txt").write_text("hidden\n")
    reading = (
        use("Read", file_path=str(placed.workspace / "code.py")),
        use("Read", file_path=str(base / "secret.txt")),
        use("Bash", command="touch made"),
    )
    ended = stage.run(placed, play(*reading, report(APPROVAL)))
    assert (ended.outcome, ended.report) == (SessionOutcome.DONE, APPROVAL)
    assert stage.requests(placed)[0].tools == {"Read", "Glob", "Grep", "StructuredOutput"}
    inside, outside, shell = stage.requests(placed)[-1].results
    assert "answer = 42" in inside.text
    assert outside.is_error
    assert "hidden" not in outside.text
    assert shell.is_error
    assert not (placed.workspace / "made").exists()


def test_a_usage_limit_carries_its_reset_time(stage: Stage, failures: dict[str, SessionOrder]) -> None:
    ended = stage.ended(failures["limit"])
    assert ended.outcome is SessionOutcome.LIMIT
    assert ended.resets_at is not None
    assert ended.resets_at.timestamp() == 2000000000
    assert [limit.status for limit in stage.limits(failures["limit"])] == ["rejected"]
    assert len(stage.requests(failures["limit"])) == 1


@pytest.mark.parametrize("name", ["overloaded", "broken"])
def test_a_failing_service_is_transient(name: str, stage: Stage, failures: dict[str, SessionOrder]) -> None:
    assert stage.ended(failures[name]).outcome is SessionOutcome.TRANSIENT


def test_a_retry_is_heard_and_the_session_goes_on(stage: Stage, failures: dict[str, SessionOrder]) -> None:
    ended = stage.ended(failures["recovering"])
    assert ended.outcome is SessionOutcome.DONE
    assert "retry" in {entry.kind for entry in stage.activities(failures["recovering"])}


def test_a_refused_credential_is_authentication(stage: Stage, failures: dict[str, SessionOrder]) -> None:
    assert stage.ended(failures["unauthenticated"]).outcome is SessionOutcome.AUTH


def test_an_unknown_model_is_configuration(stage: Stage, failures: dict[str, SessionOrder]) -> None:
    assert stage.ended(failures["no such model"]).outcome is SessionOutcome.CONFIGURATION


def test_a_session_that_never_reports_has_no_report(stage: Stage, failures: dict[str, SessionOrder]) -> None:
    ended = stage.ended(failures["silent"])
    assert (ended.outcome, ended.report) == (SessionOutcome.NO_REPORT, None)


def test_turns_run_out(stage: Stage, failures: dict[str, SessionOrder]) -> None:
    assert stage.ended(failures["too many turns"]).outcome is SessionOutcome.MAX_TURNS


def test_a_service_that_cannot_be_reached_is_transient(base: Path) -> None:
    alone = Stage(environ={"ANTHROPIC_BASE_URL": "http://127.0.0.1:9", "CLAUDE_CODE_MAX_RETRIES": "0"})
    try:
        assert alone.run(order(base), play(report(WORK))).outcome is SessionOutcome.TRANSIENT
    finally:
        alone.close()


@pytest.fixture(scope="module")
def stopped(stage: Stage, base: Path) -> Iterator[dict[str, tuple[SessionOrder, SessionEnded, float]]]:
    """Sessions that are ended from outside, side by side: in a tool, in a silent stream, by the clock, by kill -9."""
    never = threading.Event()
    shell = play(use("Bash", command=f"trap '' TERM; echo > begun; {COUNTING}", timeout=590000))
    orders = {
        "in a tool": stage.start(waiting_order(base), shell),
        "in silence": stage.start(order(base), play(Reply(text="never heard", until=never))),
        "out of time": stage.start(order(base, timeout=6.0), play(Reply(text="never heard", until=never))),
        "killed": stage.start(waiting_order(base), shell),
    }
    for name in ("in a tool", "killed"):
        stage.used(orders[name], "Bash")
        (orders[name].workspace / "begun").read_text()
    stage.until(lambda: bool(stage.requests(orders["in silence"])))
    began = time.monotonic()
    os.kill(host_of(orders["killed"]), signal.SIGKILL)
    for name in ("in a tool", "in silence"):
        stage.agents.end(orders[name].id, reason="the watchdog saw no life")
    found = {}
    for name, placed in orders.items():
        found[name] = (placed, stage.ended(placed), time.monotonic() - began)
    yield found
    never.set()


def waiting_order(base: Path) -> SessionOrder:
    """An order whose workspace has a pipe through which the command says that it runs."""
    placed = order(base)
    os.mkfifo(placed.workspace / "begun")
    return placed


def host_of(placed: SessionOrder) -> int:
    own = [process.pid for process in living() if process.parent == os.getpid()]
    return next(pid for pid in left_of(placed) if pid in own)


Stopped = dict[str, tuple[SessionOrder, SessionEnded, float]]


@pytest.mark.parametrize("name", ["in a tool", "in silence"])
def test_ending_a_session_leaves_no_process(name: str, stopped: Stopped) -> None:
    placed, ended, seconds = stopped[name]
    assert (ended.outcome, ended.detail) == (SessionOutcome.STOPPED, "the watchdog saw no life")
    assert seconds < 14
    assert left_of(placed) == []
    # The interrupt was answered: the conversation is whole and can be resumed.
    last = json.loads(placed.transcript.read_text().splitlines()[-1])
    assert last["terminal_reason"].startswith("aborted_")


def test_a_session_ends_when_its_time_runs_out(stopped: Stopped) -> None:
    placed, ended, seconds = stopped["out of time"]
    assert seconds < 15  # the host's own clock, not the supervisor's, which is 20 s more patient
    assert (ended.outcome, ended.detail) == (SessionOutcome.TIMED_OUT, "the time ran out (6 s)")
    assert left_of(placed) == []


def test_a_killed_host_is_lost_and_leaves_no_process(stopped: Stopped) -> None:
    placed, ended, _ = stopped["killed"]
    assert ended.outcome is SessionOutcome.LOST
    assert ended.detail
    assert ended.tool_calls == 1
    assert left_of(placed) == []


def test_nothing_of_this_loop_is_left_to_reap(stopped: Stopped, stage: Stage) -> None:
    assert stage.agents.reap() == 0


def test_a_key_pays_only_where_it_was_asked_for(base: Path) -> None:
    keyed = Stage(environ={"ANTHROPIC_API_KEY": "a-key"}, auth="api_key")
    login = Stage(environ={"CLAUDE_CODE_OAUTH_TOKEN": "", "HOME": str(base), "ANTHROPIC_API_KEY": "a-key"})
    (base / ".claude").mkdir()
    account = {"accessToken": "from-the-login", "refreshToken": "r", "expiresAt": 4e12, "scopes": ["user:inference"]}
    (base / ".claude" / ".credentials.json").write_text(json.dumps({"claudeAiOauth": account}))
    try:
        started = [(made, made.start(order(base), play(report(WORK)))) for made in (keyed, login)]
        assert [made.ended(placed).outcome for made, placed in started] == [SessionOutcome.DONE] * 2
        by_key, by_login = (made.requests(placed)[0].headers for made, placed in started)
        assert (by_key.get("x-api-key"), by_key.get("authorization")) == ("a-key", None)
        assert (by_login.get("x-api-key"), by_login.get("authorization")) == (None, "Bearer from-the-login")
    finally:
        keyed.close()
        login.close()


def test_without_a_credential_the_session_ends_as_authentication(base: Path) -> None:
    bare = Stage(environ={"CLAUDE_CODE_OAUTH_TOKEN": "", "HOME": str(base / "nobody")})
    try:
        ended = bare.run(order(base), play(report(WORK)))
        assert ended.outcome is SessionOutcome.AUTH
        assert "claude setup-token" in ended.detail
    finally:
        bare.close()


def test_leftovers_of_an_earlier_loop_are_reaped_and_others_spared(stage: Stage) -> None:
    forever = "while :; do sleep 0.1; done"
    other = subprocess.Popen(["/bin/sh", "-c", forever], env={**os.environ, "FORGE_LOOP_ID": "another loop"})
    try:
        stray = f"setsid sh -c 'echo $$; exec >&- 2>&-; {forever}' &"
        done = subprocess.run(
            ["/bin/sh", "-c", stray],
            env={**os.environ, "FORGE_LOOP_ID": stage.loop_id},
            capture_output=True,
            text=True,
            timeout=10,
            check=True,
        )
        assert find(int(done.stdout)) is not None
        assert stage.agents.reap() >= 1
        assert find(int(done.stdout)) is None
        assert other.poll() is None
    finally:
        other.kill()
        other.wait(5)
