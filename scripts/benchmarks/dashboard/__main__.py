"""`scripts/bench dashboard`: see `--help`."""

# ruff: noqa: T201  # its output is what it is for

from __future__ import annotations

import argparse
import http.client
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from urllib.parse import urlsplit

import benchmarks.dashboard
from benchmarks.dashboard.filled import fill, project
from benchmarks.machine import describe
from forge_loop.database import Database
from forge_loop.domain.events import LoopResumed
from forge_loop.store import open_store

DOCUMENT = Path(__file__).parents[3] / "docs" / "benchmarks.md"
BEGIN = "<!-- dashboard: scripts/bench dashboard --write -->\n"
END = "<!-- end of dashboard -->\n"
FLOOR = "/healthz"
PATIENCE = 120.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Page:
    """A dashboard that listens, and how it is asked."""

    port: int
    token: str
    cookie: str
    pid: int

    def ask(self, path: str) -> tuple[float, http.client.HTTPResponse]:
        """Seconds until the answer begins, and the answer."""
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        headers = {"Cookie": self.cookie}
        if path.startswith("/api/"):
            headers = {"Authorization": f"Bearer {self.token}"}
        began = time.perf_counter()
        connection.request("GET", path, headers=headers)
        answer = connection.getresponse()
        if answer.status != 200:
            raise SystemExit(f"{path}: {answer.status}")
        return time.perf_counter() - began, answer

    def whole(self, path: str) -> tuple[float, int]:
        """Milliseconds for the whole answer, and its bytes."""
        began = time.perf_counter()
        body = self.ask(path)[1].read()
        return (time.perf_counter() - began) * 1000, len(body)

    def cpu(self) -> float:
        """Seconds of CPU that its process has taken."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def main() -> None:
    words = argparse.ArgumentParser(prog="scripts/bench dashboard", description=benchmarks.dashboard.__doc__)
    words.add_argument("--jobs", type=int, default=10_000, help="jobs of the state (default 10,000)")
    words.add_argument("--events", type=int, default=100_000, help="events of the state (default 100,000)")
    words.add_argument("--backlog", type=int, default=5_000, help="open issues that nobody approved (default 5,000)")
    words.add_argument("--transcript", type=int, default=50_000, help="lines of a transcript (default 50,000)")
    words.add_argument("--rounds", type=int, default=7, help="rounds of each address (default 7)")
    words.add_argument("--pages", type=int, default=50, help="open pages in the second part (default 50)")
    words.add_argument("--rate", type=int, default=200, help="events a second in the second part (default 200)")
    words.add_argument("--seconds", type=float, default=20.0, help="how long the second part lasts (default 20)")
    words.add_argument("--directory", type=Path, help="where to work (default: the directory for temporary files)")
    words.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory, prefix="bench") as found:
        place = Path(found)
        print(f"writing {given.jobs:,} jobs and {given.events:,} events", file=sys.stderr)
        checkout = project(place, backlog=given.backlog)
        fill(place / "state", jobs=given.jobs, events=given.events, transcript=given.transcript, first=given.backlog)
        with _serve(checkout, place / "state") as page:
            table = _latencies(page, given.jobs, given.backlog, given.rounds)
            print(table, file=sys.stderr)
            live = _live(page, place / "state", given.pages, given.rate, given.seconds)
        about = (
            f"{describe(place)}; {given.jobs:,} jobs, {given.events:,} events, {given.backlog:,} open issues that "
            f"nobody approved, a transcript of {given.transcript:,} lines; medians of {given.rounds} rounds.\n"
        )
    text = f"{about}\n{table}\n{live}"
    print(text)
    if given.write:
        before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}", encoding="utf-8")


@contextmanager
def _serve(checkout: Path, state: Path) -> Iterator[Page]:
    command = [sys.executable, "-m", "forge_loop", "-C", str(checkout), "--state-dir", str(state)]
    environ = {**os.environ, "HOME": str(state.parent), "CLAUDE_CODE_OAUTH_TOKEN": "none"}
    process = subprocess.Popen([*command, "dashboard", "--port", "0", "--json"], stdout=subprocess.PIPE, env=environ)
    try:
        assert process.stdout is not None
        said = json.loads(process.stdout.readline())
        token = Path(said["token_file"]).read_text().strip()
        port = urlsplit(said["url"]).port or 0
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        headers = {"Origin": said["url"], "Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/login", f"token={token}", headers)
        cookie = (connection.getresponse().getheader("set-cookie") or "").partition(";")[0]
        yield Page(port=port, token=token, cookie=cookie, pid=process.pid)
    finally:
        process.terminate()
        process.wait(PATIENCE)


def _latencies(page: Page, jobs: int, backlog: int, rounds: int) -> str:
    issue, old = backlog + jobs, jobs // 2
    addresses = [
        *("/", "/board", "/issues", "/issues?q=state:merged+thing", f"/issues?before={old}", f"/issues/{issue}"),
        *(f"/issues/{backlog // 2 or 1}", f"/sessions/{jobs}", "/attempts", "/queue", "/trends", "/events"),
        *("/events?kind=session", f"/events?issue={issue}", "/requests", "/settings"),
        *("/api/v1/state", "/api/v1/issues", f"/api/v1/issues/{issue}", "/api/v1/events", "/api/v1/queue"),
    ]
    seen: dict[str, list[tuple[float, float, int]]] = {each: [] for each in addresses}
    for _ in range(rounds):
        for each in addresses:
            floor, _ = page.whole(FLOOR)
            took, size = page.whole(each)
            seen[each].append((took, took / floor, size))
    seen["/health"] = []
    for _ in range(rounds):  # last, as looking at it begins a round of checks
        floor, _ = page.whole(FLOOR)
        took, size = page.whole("/health")
        seen["/health"].append((took, took / floor, size))
    rows = ["| address | ms | times `/healthz` | KiB |", "| --- | --: | --: | --: |"]
    for each, found in seen.items():
        took, ratio = (statistics.median(one[place] for one in found) for place in (0, 1))
        named = each.replace(str(issue), "N").replace(f"/{jobs}", "/N").replace(f"/{backlog // 2 or 1}", "/M")
        rows.append(f"| `{named}` | {took:,.1f} | {ratio:,.1f} | {found[-1][2] / 1024:,.0f} |")
    return "\n".join(rows) + "\n"


def _live(page: Page, state: Path, pages: int, rate: int, seconds: float) -> str:
    """So many open pages while a loop would write so many events a second."""
    delays: list[float] = []
    alone = _write(state, rate, seconds / 4, {})
    sent: dict[int, float] = {}
    for number in range(pages):  # they end with the server
        last = number == pages - 1
        _, answer = page.ask("/stream?view=/events" if last else f"/stream?view=/issues?{number % 5}")
        threading.Thread(target=_read, args=(answer, sent, delays if last else []), daemon=True).start()
    time.sleep(3)
    before = page.cpu()
    beside = _write(state, rate, seconds, sent)
    cpu = (page.cpu() - before) / seconds
    if not delays:
        raise SystemExit("no page heard anything")
    p95 = sorted(delays)[int(len(delays) * 0.95)]
    return (
        f"{pages} open pages and {rate} events a second for {seconds:.0f} s: the server takes {cpu:.0%} of a core, "
        f"a page shows an event after {statistics.median(delays):.2f} s (p95 {p95:.2f} s), and whoever writes takes "
        f"{beside / alone:.2f} times as long for an event as with no page open.\n"
    )


def _write(state: Path, rate: int, seconds: float, sent: dict[int, float]) -> float:
    """Write events at a rate; the median seconds that one took."""
    database = Database(state / "state.db")
    store = open_store(database)
    took: list[float] = []
    end = time.monotonic() + seconds
    try:
        while (began := time.monotonic()) < end:
            with store.transaction():
                store.events.append(LoopResumed(reason="bench"), at=datetime.now(UTC))
            took.append(time.monotonic() - began)
            sent[store.events.newest()] = time.monotonic()
            time.sleep(max(0.0, 1 / rate - (time.monotonic() - began)))
    finally:
        database.close()
    return statistics.median(took)


def _read(answer: http.client.HTTPResponse, sent: dict[int, float], delays: list[float]) -> None:
    """Note how old the newest event of each message is."""
    try:
        for line in iter(answer.readline, b""):
            if line.startswith(b"id:"):
                at = sent.get(int(line[3:]))
                if at is not None:
                    delays.append(time.monotonic() - at)
    except (OSError, ValueError, AttributeError):
        return  # it was closed


if __name__ == "__main__":
    main()
