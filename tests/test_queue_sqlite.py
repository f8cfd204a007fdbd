"""The durable queue in a nutshell: what goes in comes out in order, once, and is still there tomorrow."""

from __future__ import annotations

from pathlib import Path

from forge_loop import SQLiteQueue

COUNT = 25


def test_what_is_pushed_comes_out_in_order_and_is_gone_after_its_ack(tmp_path: Path) -> None:
    queue = SQLiteQueue(tmp_path / "queue.db")
    for number in range(COUNT):
        queue.push({"number": number})
    taken = []
    while (delivery := queue.pop()) is not None:
        taken.append(delivery.payload["number"])
        queue.ack(delivery)
    assert taken == list(range(COUNT))
    depth = queue.depth()
    assert (depth.ready, depth.delayed, depth.leased, depth.dead) == (0, 0, 0, 0)
    queue.close()


def test_what_was_written_is_still_there_after_closing_and_opening_again(tmp_path: Path) -> None:
    queue = SQLiteQueue(tmp_path / "queue.db")
    for number in range(COUNT):
        queue.push({"number": number})
    done = queue.pop()
    assert done is not None
    queue.ack(done)
    in_hand = queue.pop()
    assert in_hand is not None
    queue.close()

    again = SQLiteQueue(tmp_path / "queue.db")
    found = []
    while (delivery := again.pop()) is not None:
        found.append((delivery.payload["number"], delivery.delivery))
    # The job that was in hand when the queue was closed comes again, and says so.
    assert found == [(1, 2), *((number, 1) for number in range(2, COUNT))]
    again.close()
