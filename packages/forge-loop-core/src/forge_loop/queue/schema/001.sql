-- The queue. Only forge_loop.queue writes here. Times are microseconds of queue time (see queue_time.py).

-- place: 0 ready, 1 delayed, 2 leased, 3 dead. A job that is done has no row; AUTOINCREMENT keeps its number from
-- coming back with a later push.
CREATE TABLE queue_jobs (
    id         INTEGER PRIMARY KEY AUTOINCREMENT,
    place      INTEGER NOT NULL CHECK (place BETWEEN 0 AND 3),
    priority   INTEGER NOT NULL,
    due        INTEGER,
    deliveries INTEGER NOT NULL DEFAULT 0,
    token      INTEGER,
    lock       TEXT,
    owner      TEXT,
    key        TEXT,
    reason     TEXT NOT NULL DEFAULT '',
    payload    TEXT NOT NULL,
    CHECK ((place IN (1, 2)) = (due IS NOT NULL)),
    CHECK ((place = 2) = (token IS NOT NULL)),
    CHECK ((place = 2) = (lock IS NOT NULL)),
    CHECK ((place = 2) = (owner IS NOT NULL))
) STRICT;
CREATE INDEX queue_jobs_ready ON queue_jobs (priority, id) WHERE place = 0;
CREATE INDEX queue_jobs_due ON queue_jobs (due) WHERE place IN (1, 2);
CREATE INDEX queue_jobs_leased ON queue_jobs (lock) WHERE place = 2;
CREATE UNIQUE INDEX queue_jobs_live_key ON queue_jobs (key) WHERE key IS NOT NULL AND place <> 3;

-- Queue time = boot clock + ahead. At a new boot it goes on from the wall clock, or from `reached` if that is later.
CREATE TABLE queue_clock (
    id      INTEGER PRIMARY KEY CHECK (id = 1),
    boot_id TEXT NOT NULL,
    ahead   INTEGER NOT NULL,
    reached INTEGER NOT NULL
) STRICT;
