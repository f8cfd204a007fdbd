"""Who is measured, and what each of them promises when a push returns."""

from __future__ import annotations

from functools import partial

from benchmarks.queue import redis
from benchmarks.queue.contender import Contender
from benchmarks.queue.peers import AppendedFile, Huey, LiteQueue, PersistQueue
from benchmarks.queue.sqlite import FewestColumns, Ours, OurStatements

OURS = "SQLiteQueue"
SAME = "sqlite3, its statements"

CONTENDERS = (
    Contender(name=OURS, open=Ours, on_disk="the job", durable=True),
    Contender(name=SAME, open=OurStatements, on_disk="the job", durable=True),
    Contender(name="sqlite3, fewest columns", open=FewestColumns, on_disk="the job", durable=True),
    Contender(name="persist-queue", open=PersistQueue, on_disk="the job", durable=True),
    Contender(name="huey", open=Huey, on_disk="the job", durable=True, lost_with_consumer=True),
    Contender(
        name="Redis, always", open=redis.Redis, on_disk="the job", durable=True, server=partial(redis.server, "always")
    ),
    Contender(name="append + fsync", open=AppendedFile, on_disk="the line", durable=True, only_pushes=True),
    Contender(name=f"{OURS}, normal", open=partial(Ours, durability="normal"), on_disk="nothing yet", durable=False),
    Contender(name="litequeue", open=LiteQueue, on_disk="nothing yet", durable=False),
    Contender(
        name="Redis, everysec",
        open=redis.Redis,
        on_disk="all but the last second",
        durable=False,
        server=partial(redis.server, "everysec"),
    ),
)


def named(name: str) -> Contender:
    (found,) = (contender for contender in CONTENDERS if contender.name == name)
    return found
