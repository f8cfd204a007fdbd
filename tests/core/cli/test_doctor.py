"""`doctor`: each precondition on its own, and one that fails fails the whole."""

from __future__ import annotations

import shutil
import sqlite3
from pathlib import Path

import pytest

from forge_loop.agents.sandbox.confinement import HOLDS
from forge_loop.cli.preconditions import CHECKS
from forge_loop_integrations.channels import Gone
from support.command_line import Place, run
from support.messages import post
from support.receivers import Reply, in_turn, receiving
from support.repositories import commit, git


def state_of(place: Place, check: str) -> tuple[str, str]:
    (found,) = place.run("doctor", "--only", check, "--json").document["checks"]
    return found["state"], found["text"]


def test_a_project_that_was_set_up_passes_everything_that_does_not_need_claude(place: Place) -> None:
    (place.project / "go.mod").write_text("module x\n")
    place.init()
    shape = place.run("doctor", "--json").document
    states = {each["check"]: each["state"] for each in shape["checks"]}
    assert list(states) == list(CHECKS)
    assert {name for name, state in states.items() if state == "fail"} <= {"claude"}
    assert {name for name, state in states.items() if state == "warn"} <= {"filesystem", "sandbox"}


@pytest.mark.parametrize("mode", ["off", "auto"])
def test_whether_sessions_are_confined_is_said_by_doctor_and_at_the_start(
    mode: str, place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORGE_LOOP_SANDBOX_MODE", mode)
    state, text = state_of(place, "sandbox")
    assert state == "warn" or (mode, text) == ("auto", HOLDS)
    assert "credential" in text
    assert text in place.run("run", "--max-ticks", "1").stderr


def test_a_required_sandbox_that_cannot_be_had_fails_and_nothing_starts(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    tools = place.state.parent / "tools"
    tools.mkdir()
    git = shutil.which("git")
    assert git is not None
    (tools / "git").symlink_to(git)
    monkeypatch.setenv("PATH", str(tools))
    monkeypatch.setenv("FORGE_LOOP_SANDBOX_MODE", "require")
    assert state_of(place, "sandbox") == ("fail", "sandbox.mode is require, but bubblewrap is not installed")
    said = place.run("run", "--max-ticks", "1")
    assert said.status == 2
    assert said.stderr.endswith("bubblewrap is not installed\nhint: apt install bubblewrap\n")


def test_lines_for_people_carry_the_level_the_check_and_the_hint(place: Place) -> None:
    said = place.run("doctor", "--only", "configuration")
    assert said.lines == [
        "warn  configuration  there is no forge-loop.yaml; the defaults hold",
        "                     hint: forge-loop init",
    ]


def test_a_missing_credential_fails_and_the_exit_code_says_so(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.init()
    monkeypatch.delenv("CLAUDE_CODE_OAUTH_TOKEN")
    assert state_of(place, "credential")[0] == "fail"
    assert place.run("doctor", "--only", "credential").status == 1


def test_who_pays_is_said_and_an_api_key_is_a_warning(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.init()
    assert state_of(place, "credential") == (
        "ok",
        "sessions are paid by the Claude subscription (CLAUDE_CODE_OAUTH_TOKEN); `claude auth status`: oauth_token",
    )
    monkeypatch.setenv("FORGE_LOOP_AGENT_AUTH", "api_key")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "sk-not-a-key")
    state, text = state_of(place, "credential")
    assert state == "warn"
    assert "per token" in text
    assert text.endswith("`claude auth status`: api_key")
    assert "sk-not-a-key" not in text


def test_a_broken_configuration_fails_its_check_and_not_those_that_do_not_need_it(place: Place) -> None:
    (place.project / "forge-loop.yaml").write_text("nonsense: 1\n")
    assert state_of(place, "configuration")[0] == "fail"
    assert state_of(place, "git")[0] == "ok"


def test_outside_a_repository_the_repository_fails(place: Place, tmp_path: Path) -> None:
    (tmp_path / "outside").mkdir()
    said = run("doctor", "--only", "repository", "-C", str(tmp_path / "outside"))
    assert said.status == 1
    assert "git init" in said.stdout


def test_a_base_that_diverged_is_a_warning_with_the_command_that_mends_it(place: Place) -> None:
    place.init()
    assert state_of(place, "base")[0] == "ok"
    commit(place.project, {"a": "1"})
    git(place.project, "push", "--quiet", "forge", "main")
    git(place.project, "reset", "--quiet", "--hard", "HEAD~1")
    assert "git pull forge main" in state_of(place, "base")[1]
    commit(place.project, {"b": "1"})
    assert state_of(place, "base")[0] == "warn"


def test_no_checks_and_an_issue_that_cannot_be_read_are_warnings(place: Place) -> None:
    place.init()
    assert state_of(place, "checks")[0] == "warn"
    (place.project / "backlog" / "tasks" / "task-1 - broken.md").write_text("no frontmatter")
    assert state_of(place, "tracker")[0] == "warn"


def test_a_tracker_that_is_not_there_fails(place: Place) -> None:
    assert state_of(place, "tracker")[0] == "fail"


def test_a_brief_that_cannot_be_used_fails(place: Place) -> None:
    briefs = place.project / ".forge-loop" / "briefs"
    briefs.mkdir(parents=True)
    (briefs / "worker.md.tmpl").write_text("{{ nonsense }}")
    assert state_of(place, "briefs")[0] == "fail"


def test_a_state_directory_open_to_others_is_a_warning(place: Place) -> None:
    place.init()
    place.state.chmod(0o755)
    assert state_of(place, "state")[0] == "warn"


def test_an_unknown_check_names_the_known_ones(place: Place) -> None:
    said = place.run("doctor", "--only", "weather")
    assert said.status == 2
    assert "filesystem" in said.stderr


def test_a_database_that_is_not_sound_fails_with_what_to_do(place: Place) -> None:
    assert state_of(place, "database") == ("ok", "there is none yet")
    place.run("pause")
    assert "is sound" in state_of(place, "database")[1]
    with place.layout.database.open("r+b") as file:
        file.seek(2048)
        file.write(b"\xff" * 2048 * 3)
    state, text = state_of(place, "database")
    assert (state, "not a sound database" in text) == ("fail", True)


def test_a_sqlite_too_old_for_the_tables_fails(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    assert state_of(place, "sqlite")[0] == "ok"
    monkeypatch.setattr(sqlite3, "sqlite_version_info", (3, 36, 9))
    assert state_of(place, "sqlite")[0] == "fail"


def test_a_sink_that_is_heard_is_named_and_one_that_is_not_is_warned_of(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.init()
    assert state_of(place, "sinks") == ("ok", "none are configured")
    with receiving(in_turn(Reply(), Reply(status=404))) as collector:
        monkeypatch.setenv("HOOK", f"{collector.url}/hook")
        monkeypatch.setenv("SECRET", "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx")
        sinks = f"otel: {{endpoint: '{collector.url}'}}, webhook: {{url: 'env:HOOK', secret: 'env:SECRET'}}"
        written = place.project / "forge-loop.yaml"
        written.write_text(f"{written.read_text()}\nsinks: {{{sinks}}}\n")
        assert state_of(place, "sinks") == ("ok", "otel, webhook")
        assert state_of(place, "sinks") == ("warn", f"otel: {collector.url} takes no spans (0 lost so far)")
        assert [request.path for request in collector.requests] == ["/v1/traces"] * 2, "nobody else is asked"


def test_a_sink_whose_receiver_stopped_it_is_warned_of(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.init()
    monkeypatch.setenv("HOOK", "https://receiver.example/hook")
    monkeypatch.setenv("SECRET", "whsec_Zm9yZ2UtbG9vcC10ZXN0LXNlY3JldC0wMDAx")
    written = place.project / "forge-loop.yaml"
    written.write_text(f"{written.read_text()}\nsinks: {{webhook: {{url: 'env:HOOK', secret: 'env:SECRET'}}}}\n")
    with post(place.state) as desk:
        desk.receiver.answers = [Gone(reason="it answered 410")]
        desk.take(desk.log.handed_over())
        desk.drain()
    assert state_of(place, "sinks") == ("warn", "webhook: stopped: it answered 410")
