"""The dashboard as an operator starts it: the real command in a process of its own, and raw requests to it.

Owns: starting, asking and ending it. Must not: wait without a bound.
"""

from __future__ import annotations

import http.client
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

PATIENCE = 30.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: str
    cookies: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Served:
    """A dashboard that listens. `login` is its one-time link, `others` are the pages beside it by name."""

    url: str
    login: str
    token: str
    process: subprocess.Popen[str]
    others: Mapping[str, str] = field(default_factory=dict)

    @property
    def port(self) -> int:
        found = urlsplit(self.url).port
        assert found is not None
        return found

    @property
    def host(self) -> str:
        return f"127.0.0.1:{self.port}"

    def ask(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: str | None = None) -> Answer:
        """One raw request; nothing is added but what HTTP needs."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            given = {"Host": self.host, **(headers or {})}
            connection.request(method, path, body=body.encode() if body is not None else None, headers=given)
            answer = connection.getresponse()
            found = {name.lower(): value for name, value in answer.getheaders()}
            cookies = tuple(each.partition(";")[0] for each in answer.headers.get_all("set-cookie", []))
            return Answer(status=answer.status, headers=found, body=answer.read().decode(), cookies=cookies)
        finally:
            connection.close()

    def cookie(self) -> str:
        """The cookies of a new login: one for each page of the process."""
        headers = {"Origin": self.url, "Content-Type": "application/x-www-form-urlencoded"}
        answer = self.ask("POST", "/login", headers, f"token={self.token}")
        assert answer.status == 200, answer
        return "; ".join(answer.cookies)

    @contextmanager
    def stream(self, path: str, headers: Mapping[str, str]) -> Iterator[Iterator[str]]:
        """The lines of an answer that goes on, without their ends; one that stays away for PATIENCE ends the test."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request("GET", path, headers=dict(headers))
            answer = connection.getresponse()
            assert answer.status == 200, answer.read()
            yield (line.decode().rstrip("\r\n") for line in iter(answer.readline, b""))
        finally:
            connection.close()

    def api(self, path: str, method: str = "GET", given: object = None) -> Answer:
        headers = {"Authorization": f"Bearer {self.token}"}
        body = None
        if given is not None:
            headers["Content-Type"] = "application/json"
            body = json.dumps(given)
        return self.ask(method, f"/api/v1{path}", headers, body)


@contextmanager
def serve(project: Path, state: Path, *options: str, port: int = 0) -> Iterator[Served]:
    """The dashboard of a project; ended by SIGTERM, as a service manager does."""
    command = [sys.executable, "-m", "forge_loop", "dashboard", "--port", str(port), "--json", *options]
    place = ["-C", str(project), "--state-dir", str(state)]
    home = state.parent / "home"
    home.mkdir(exist_ok=True)
    environ = {**os.environ, "HOME": str(home), "CLAUDE_CODE_OAUTH_TOKEN": "scripted"}
    for name in ("FORGE_LOOP_STATE_DIR", "XDG_CONFIG_HOME", "XDG_STATE_HOME", "ANTHROPIC_API_KEY"):
        environ.pop(name, None)
    process = subprocess.Popen(
        [*command, *place], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environ
    )
    try:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert line, process.stderr.read() if process.stderr is not None else ""
        said = json.loads(line)
        token = Path(said["token_file"]).read_text().strip()
        others = {each["name"]: each["url"] for each in said["others"]}
        yield Served(url=said["url"], login=said["login"], token=token, process=process, others=others)
    finally:
        process.terminate()
        _, complaints = process.communicate(timeout=PATIENCE)
    assert "Traceback" not in complaints, complaints
