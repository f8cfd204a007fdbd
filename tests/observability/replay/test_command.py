"""`forge-loop replay list` and `show`: past sessions as they were recorded."""

from __future__ import annotations

from forge_loop.database import Database
from forge_loop.store import open_store
from support.command_line import Place


def test_the_list_has_every_session_with_what_is_kept_of_it(replayed: Place) -> None:
    sessions = replayed.run("replay", "list", "--json").document["sessions"]
    assert [(each["role"], each["issue"], each["attempt"], each["outcome"]) for each in sessions] == [
        ("worker", 1, 1, "done"),
        ("critic", 1, 1, "done"),
    ]
    assert all(each["recorded"] for each in sessions)
    lines = replayed.run("replay", "list", "--role", "critic").lines
    assert len(lines) == 1
    assert sessions[1]["session"] in lines[0]


def test_an_issue_without_sessions_has_none(replayed: Place) -> None:
    said = replayed.run("replay", "list", "--issue", "7")
    assert (said.status, said.stdout, said.stderr) == (0, "", "no sessions yet\n")


def test_show_tells_what_a_session_was_told_and_answered(replayed: Place) -> None:
    first = replayed.run("replay", "show", "1", "--json").document
    assert first["order"]["prompt"].startswith("# Resolve issue #1\n")
    assert "did it" in first["report"]
    said = replayed.run("replay", "show", str(first["session"])[:8])
    assert first["order"]["prompt"] in said.stdout
    assert first["order"]["base_sha"] in said.stdout


def test_a_session_that_is_not_there_is_an_error_with_its_cure(replayed: Place) -> None:
    said = replayed.run("replay", "show", "nothing")
    assert said.status == 2
    assert said.stderr == "error: there is no session 'nothing'\nhint: forge-loop replay list\n"


def test_where_no_loop_has_been_there_is_nothing_and_no_state_is_made(place: Place) -> None:
    assert place.run("replay", "list", "--json").document == {"schema_version": 1, "sessions": []}
    assert place.run("replay", "show", "1").status == 2
    verified = place.run("replay", "verify", "--json")
    assert (verified.status, verified.document["judged"]) == (0, [])
    assert not place.state.exists()


def test_verify_finds_a_merge_as_it_was_decided(replayed: Place) -> None:
    said = replayed.run("replay", "verify", "--json")
    assert said.status == 0, said.stdout
    assert [(each["role"], each["then"], each["today"]) for each in said.document["judged"]] == [
        ("worker", "accepted", "accepted"),
        ("critic", "approve, may merge", "approve, may merge"),
    ]


def test_verify_exits_with_1_where_today_decides_otherwise(place: Place, replayed: Place) -> None:
    place.state.mkdir(mode=0o700)
    place.layout.database.write_bytes(replayed.layout.database.read_bytes())
    database = Database(place.layout.database)
    store = open_store(database)
    (critic,) = store.sessions.select("role = 'critic'")
    store.sessions.update(critic.id, report='{"overall": "approve", "findings": []}')
    database.close()
    said = place.run("replay", "verify")
    assert said.status == 1
    assert said.lines[0].startswith(f"session {critic.id}\t1\tcritic\tapprove, may merge\tmalformed\treport: missing")
    assert said.stderr == "2 decisions taken again, 1 of them otherwise\n"
