-- Fewer pages for each push, claim and ack, every one of which is written to the disk: no AUTOINCREMENT, whose counter
-- is a page of its own (a number may come back once its job is done), and one index where two were.

CREATE TABLE queue_jobs_002 (
    id         INTEGER PRIMARY KEY,
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
INSERT INTO queue_jobs_002 SELECT * FROM queue_jobs;
DROP TABLE queue_jobs;
ALTER TABLE queue_jobs_002 RENAME TO queue_jobs;
CREATE INDEX queue_jobs_ready ON queue_jobs (priority, id) WHERE place = 0;
CREATE INDEX queue_jobs_due ON queue_jobs (place, due, lock) WHERE due IS NOT NULL;
CREATE UNIQUE INDEX queue_jobs_live_key ON queue_jobs (key) WHERE key IS NOT NULL AND place <> 3;
