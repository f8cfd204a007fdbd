"""F8: `events.jsonl` ends anywhere within its last two records, and a start completes it from the database."""

from __future__ import annotations

from pathlib import Path

from forge_loop.runner.relay import Relay
from support.fault_patience import run_to_the_end
from support.kill_points import SCENARIOS, open_scenario


def test_a_log_torn_at_any_byte_of_its_last_two_records_is_completed_to_the_byte(quick: Path) -> None:
    world = open_scenario(SCENARIOS["handed over"], quick)
    run_to_the_end(world)
    path = world.layout.events
    whole = path.read_bytes()
    first = whole.rfind(b"\n", 0, whole.rfind(b"\n", 0, len(whole) - 1)) + 1
    fired, bad = 0, []
    for cut in range(first, len(whole)):
        path.write_bytes(whole[:cut])
        fired += path.read_bytes() != whole
        relay = Relay(world.context)
        relay.open()
        relay.relay()
        relay.close()
        bad += [cut] if path.read_bytes() != whole else []
    world.close()
    print(f"F8 events.jsonl: {fired} torn files completed")
    assert bad == []
    assert fired == len(whole) - first > 200
