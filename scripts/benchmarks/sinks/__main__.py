"""`scripts/bench sinks`: see `--help`."""

# ruff: noqa: T201  # its output is what it is for

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import benchmarks.sinks
from benchmarks.machine import describe
from benchmarks.sinks.feed import SINKS
from benchmarks.sinks.loop import run

DOCUMENT = Path(__file__).parents[3] / "docs" / "benchmarks.md"
BEGIN = "<!-- sinks: scripts/bench sinks --write -->\n"
END = "<!-- end of sinks -->\n"


def main() -> None:
    words = argparse.ArgumentParser(prog="scripts/bench sinks", description=benchmarks.sinks.__doc__)
    words.add_argument("--issues", type=int, default=6, help="issues that the loop merges (default 6)")
    words.add_argument("--rounds", type=int, default=5, help="rounds of each sink (default 5)")
    words.add_argument("--directory", type=Path, help="where to work (default: the directory for temporary files)")
    words.add_argument("--write", action="store_true", help="put the table into docs/benchmarks.md")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory, prefix="bench") as place, _receiver() as url:
        print(f"a loop over {given.issues} issues", file=sys.stderr)
        loop = run(Path(place), issues=given.issues)
        rows, whole = [], 0.0
        for name in SINKS:
            print(f"the sink {name}", file=sys.stderr)
            seen = [_fed(name, loop.state, url) for _ in range(given.rounds)]
            cpu, once = (statistics.median(each[what] for each in seen) for what in ("cpu", "once"))
            whole += cpu
            rows.append(_row(f"`{name}`", cpu, loop.cpu, f"{once * 1000:,.0f}", seen[0]["events"]))
        rows.append(_row("both", whole, loop.cpu, "", seen[0]["events"]))
        about = f"{describe(Path(place))}; {given.issues} issues, {loop.cpu:.2f} s of CPU in the loop's own process.\n"
    heading = "| sink | ms of CPU | of the loop's own | us an event | ms once |\n|---|---|---|---|---|\n"
    text = f"{about}\n{heading}" + "".join(f"{row}\n" for row in rows)
    print(text)
    if given.write:
        before, _, rest = DOCUMENT.read_text().partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}")


def _row(name: str, cpu: float, whole: float, once: str, events: float) -> str:
    return f"| {name} | {cpu * 1000:,.0f} | {cpu / whole:.1%} | {cpu / events * 1e6:,.0f} | {once} |"


def _fed(name: str, state: Path, url: str) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.sinks.feed", name, str(state), url, "5"]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True, timeout=300)
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextmanager
def _receiver() -> Iterator[str]:
    """Takes whatever is sent and says that all is well."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("content-length", "0")))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Quiet."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


if __name__ == "__main__":
    main()
