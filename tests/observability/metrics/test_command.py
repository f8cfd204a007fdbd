"""`forge-loop metrics`, as it is typed."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

from forge_loop_observability.metrics.command import command
from support.command_line import Place


def test_print_gives_the_text_and_json_the_same_values(place: Place) -> None:
    said = place.run("metrics", "print")
    assert (said.status, said.stderr) == (0, "")
    assert "# TYPE forge_loop_up gauge\nforge_loop_up 0.0\n" in said.stdout
    document = place.run("metrics", "print", "--json").document
    (up,) = [family for family in document["metrics"] if family["name"] == "forge_loop_up"]
    assert up["samples"] == [{"name": "forge_loop_up", "labels": {}, "value": 0.0}]
    assert document["schema_version"] == 1


def test_looking_makes_no_state_directory(place: Place) -> None:
    assert place.run("metrics", "print").status == 0
    assert not place.state.exists()


def test_textfile_writes_where_it_is_told(place: Place, tmp_path: Path) -> None:
    path = tmp_path / "forge_loop.prom"
    said = place.run("metrics", "textfile", str(path))
    assert (said.status, said.lines) == (0, [str(path)])
    assert path.read_text().startswith("# HELP forge_loop_build_info ")


def test_textfile_says_where_it_cannot_write(place: Place, tmp_path: Path) -> None:
    said = place.run("metrics", "textfile", str(tmp_path / "no" / "where.prom"))
    assert said.status == 2
    assert said.stderr.startswith("error: cannot write ")


def test_serve_prints_its_address_and_answers_there(place: Place) -> None:
    words = ["-m", "forge_loop", "metrics", "serve", "--port", "0", "-C", str(place.project)]
    process = subprocess.Popen([sys.executable, *words], stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        url = process.stdout.readline().strip()
        assert url.startswith("http://127.0.0.1:")
        with urllib.request.urlopen(url, timeout=10) as answer:
            assert b"forge_loop_up 0.0" in answer.read()
    finally:
        process.terminate()
        process.communicate(timeout=10)


def test_serve_says_where_it_cannot_listen(place: Place) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        said = place.run("metrics", "serve", "--port", str(port))
    assert said.status == 2
    assert said.stderr.startswith(f"error: cannot listen on 127.0.0.1:{port}: ")
    assert "hint: --host 127.0.0.1 --port 0 takes a free one" in said.stderr


def test_alerts_and_grafana_are_printed_whole(place: Place) -> None:
    assert place.run("metrics", "alerts").stdout.endswith("on its host.\n")
    assert json.loads(place.run("metrics", "grafana").stdout)["uid"] == "forge-loop"


def test_the_words_of_the_command_are_these() -> None:
    assert sorted(command.commands) == ["alerts", "grafana", "print", "serve", "textfile"]
