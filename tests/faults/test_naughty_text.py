"""F21 and F22: names and texts made to break out: of a directory, of a line, of the terminal."""

from __future__ import annotations

import random
import re
import unicodedata

import pytest

from forge_loop.config.load import load
from forge_loop.domain.job import JobState
from forge_loop.errors import ConfigError, ForgeLoopError
from support.command_line import Place, seed_job

ESCAPES = [
    "\x1b[2J",
    "\x1b]0;owned\x07",
    "\x1b]8;;http://example.org\x1b\\click\x1b]8;;\x1b\\",
    "\x9b31m",
    "\x1bP1$r\x1b\\",
]
CONTROLS = [chr(code) for code in (*range(1, 32), *range(127, 160)) if chr(code) not in "\n\t"]
TURNED = ["\u202e", "\u202d", "\u2066", "\u2067", "\u2068", "\u200f", "\u200b", "\u2060", "\ufeff", "\U000e0041"]
PATHS = [
    "../../etc/passwd",
    "/etc/passwd",
    "..",
    ".",
    "~",
    "a/b",
    "a\\b",
    "-rf",
    "--help",
    "CON",
    "nul",
    "a" * 300,
    "%2e%2e%2f",
]
SHELL = [
    "$(touch owned)",
    "`touch owned`",
    "; touch owned",
    "| touch owned",
    "${IFS}",
    "'\"",
    "%s%n",
    "{0.__class__}",
    "\\x1b[2J",
]
WORDS = [
    "null",
    "true",
    "1e309",
    "NaN",
    "- a",
    "a: b",
    "#",
    "---",
    "&a",
    "*a",
    "!!python/object",
    "<script>",
    "İ",
    "ﬁ",
    "ß",
    "ẞ",
]
PAYLOADS = [*ESCAPES, *CONTROLS, *TURNED, *PATHS, *SHELL, *WORDS]


SIGNS = sorted({sign for payload in (*TURNED, *PATHS, *SHELL, *WORDS) for sign in payload})


def raw(text: str) -> set[str]:
    """What would act on a terminal instead of being shown."""
    return {sign for sign in text if sign != "\n" and unicodedata.category(sign) in ("Cc", "Cf")}


def test_no_payload_reaches_the_terminal_through_any_command(place: Place) -> None:
    place.init()
    shown = [payload for payload in (*ESCAPES, *CONTROLS, *TURNED) if not payload.isprintable()]
    for number, payload in enumerate(shown, 1):
        job = seed_job(place, number, state=JobState.HANDED_OVER, reason=f"because {payload} end")
        with place.store() as store:
            store.jobs.update(job.id, title=f"title {payload} end")
    (text,) = place.project.glob("backlog/tasks/task-1 - *.md")
    text.write_bytes(text.read_bytes() + "".join(shown).encode())
    commands = [["issue", "list"], ["status"], ["queue", "list"], ["events", "-n", "500"], ["issue", "show", "1"]]
    commands += [["explain", str(number)] for number in range(1, len(shown) + 1)]
    fired = 0
    for words in commands:
        said = place.run(*words, terminal=True)
        text_only = re.sub("\x1b\\[[0-9;]*m", "", said.stdout + said.stderr)  # colours are the command line's own
        assert raw(text_only) == set(), words
        fired += "because" in text_only
    print(f"F22: {len(shown)} payloads through {len(commands)} command lines, shown in {fired}")
    assert fired >= len(shown) >= 50


@pytest.mark.parametrize("count", [200, pytest.param(500, marks=[pytest.mark.long, pytest.mark.timeout(600)])])
def test_no_name_leaves_the_tracker_and_none_takes_anothers_place(place: Place, count: int) -> None:
    place.init()
    chance = random.Random(21)
    before = {path.name for path in place.project.parent.iterdir()}
    titles = [*PAYLOADS, *(p.upper() for p in PAYLOADS)]
    while len(titles) < count:
        titles.append("".join(chance.choices(SIGNS, k=chance.randrange(1, 40))))
    added, refused = 0, 0
    for title in titles:
        try:
            place.tracker.add(title, "x")
            added += 1
        except ForgeLoopError:
            refused += 1
    tasks = place.project / "backlog" / "tasks"
    print(f"F21: {len(titles)} titles, {added} added, {refused} refused")
    assert len([path for path in tasks.iterdir() if path.is_file()]) == added
    assert len(place.tracker.open_issues()) == added
    assert {path.name for path in place.project.parent.iterdir()} == before
    assert not list(place.project.rglob("owned"))
    assert added >= count // 4
    assert refused >= len(CONTROLS)


def is_refused(place: Place) -> bool:
    """Whether the configuration is, with problems that are named; any other error fails the test."""
    try:
        load(place.project, config_file=None, environ={}, flags={})
    except ConfigError as error:
        return bool(error.problems)
    return False


@pytest.mark.parametrize("seed", range(4))
def test_a_mutated_configuration_is_read_or_refused_with_a_sentence(place: Place, seed: int) -> None:
    """F8, its last part: fifty mutations of a whole file each."""
    place.init()
    path = place.project / "forge-loop.yaml"
    whole, chance, refused = path.read_bytes(), random.Random(seed), 0
    for _ in range(50):
        data = bytearray(whole)
        for _ in range(chance.randrange(1, 6)):
            at = chance.randrange(len(data))
            act = chance.choice(("cut", "flip", "insert", "double"))
            if act == "cut":
                del data[at : at + chance.randrange(1, 60)]
            elif act == "flip":
                data[at] = chance.randrange(256)
            elif act == "insert":
                data[at:at] = chance.choice(
                    (b"&a ", b"*a", b"{", b"[", b"\t", b": ", b"\n- ", b"!!x ", b"\x00", b"\xff", b"9" * 50)
                )
            else:
                data[at:at] = data[at : at + 80]
        path.write_bytes(bytes(data))
        refused += is_refused(place)
    print(f"F8 configuration: 50 mutations, {refused} refused")
    assert refused >= 5
