"""`scripts/bench sinks`: see `--help`."""

# ruff: noqa: T201  # its output is what it is for

from __future__ import annotations

import argparse
import json
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import benchmarks.sinks
from benchmarks.machine import describe
from benchmarks.sinks.feed import SECTIONS
from benchmarks.sinks.loop import Loop, run
from support.discord_service import discord
from support.receivers import Reply, receiving
from support.slack_service import slack

DOCUMENT = Path(__file__).parents[3] / "docs" / "benchmarks.md"
BEGIN = "<!-- sinks: scripts/bench sinks --write -->\n"
END = "<!-- end of sinks -->\n"
EVERYTHING = ",".join(SECTIONS)


def main() -> None:
    words = argparse.ArgumentParser(prog="scripts/bench sinks", description=benchmarks.sinks.__doc__)
    words.add_argument("--issues", type=int, default=6, help="issues that the loop merges (default 6)")
    words.add_argument("--rounds", type=int, default=5, help="rounds of each sink (default 5)")
    words.add_argument("--idle", type=float, default=120, help="seconds of doing nothing (default 120, 0: not)")
    words.add_argument("--directory", type=Path, help="where to work (default: the directory for temporary files)")
    words.add_argument("--write", action="store_true", help="put the tables into docs/benchmarks.md")
    given = words.parse_args()
    with tempfile.TemporaryDirectory(dir=given.directory, prefix="bench") as place, _services() as services:
        print(f"a loop over {given.issues} issues", file=sys.stderr)
        loop = run(Path(place), issues=given.issues, idle=given.idle)
        text = f"{describe(Path(place))}; {given.issues} issues, {loop.cpu:.2f} s of CPU in the loop's own process.\n\n"
        text += _at_work(loop, services, given.rounds)
        if given.idle:
            text += f"\n{_at_rest(loop, services, given.idle)}"
    print(text)
    if given.write:
        before, _, rest = DOCUMENT.read_text().partition(BEGIN)
        DOCUMENT.write_text(f"{before}{BEGIN}{text}{END}{rest.partition(END)[2]}")


def _at_work(loop: Loop, services: Mapping[str, str], rounds: int) -> str:
    rows = ["| sink | ms of CPU | of the loop's own | us an event | ms once |", "|---|--:|--:|--:|--:|"]
    for names in (*SECTIONS, EVERYTHING):
        print(f"at work: {names}", file=sys.stderr)
        seen = [_fed(names, loop, services, times=1) for _ in range(rounds)]
        cpu, once = (statistics.median(each[what] for each in seen) for what in ("cpu", "once"))
        name = "all in one loop" if names == EVERYTHING else f"`{names}`"
        events = seen[0]["events"]
        rows.append(
            f"| {name} | {cpu * 1000:,.0f} | {cpu / loop.cpu:.1%} | {cpu / events * 1e6:,.0f} | {once * 1000:,.0f} |"
        )
        print(rows[-1], file=sys.stderr)
    return "".join(f"{row}\n" for row in rows)


def _at_rest(loop: Loop, services: Mapping[str, str], seconds: float) -> str:
    rows = [f"| at rest | ms of CPU a minute |\n|---|--:|\n| the loop by itself | {loop.idle * 1000:,.1f} |"]
    for names in ("otel,webhook,discord,slack", EVERYTHING):
        print(f"at rest: {names}", file=sys.stderr)
        cpu = _fed(names, loop, services, idle=seconds)["idle"]
        what = "all sinks" + (" and Slack's buttons" if names == EVERYTHING else "")
        rows.append(f"| {what} | {cpu * 1000:,.1f} |")
    return "".join(f"{row}\n" for row in rows)


def _fed(names: str, loop: Loop, services: Mapping[str, str], *, times: int = 0, idle: float = 0) -> dict[str, float]:
    command = [sys.executable, "-m", "benchmarks.sinks.feed", names, str(loop.state), str(times), str(idle)]
    done = subprocess.run(
        [*command, json.dumps(services)], stdout=subprocess.PIPE, text=True, check=True, timeout=300 + idle
    )
    found: dict[str, float] = json.loads(done.stdout)
    return found


@contextmanager
def _services() -> Iterator[dict[str, str]]:
    """Receivers in this process: a collector and a webhook that take everything, Slack and Discord as they answer."""
    with receiving(lambda _: Reply()) as other, slack() as workspace, discord() as channel:
        yield {"url": other.url, "slack": workspace.url, "discord": channel.url}


if __name__ == "__main__":
    main()
