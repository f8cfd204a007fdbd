-- What the fleet remembers over restarts, and what `status` and `explain` read while it runs.

CREATE TABLE fleet (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    pid           INTEGER,
    start_ticks   INTEGER,
    slots         INTEGER NOT NULL DEFAULT 0,
    problem       TEXT NOT NULL DEFAULT '',
    limited_until TEXT,
    limit_reason  TEXT NOT NULL DEFAULT ''
) STRICT;

CREATE TABLE lanes (
    name     TEXT PRIMARY KEY,
    weight   REAL NOT NULL,
    ceiling  INTEGER NOT NULL,
    priority INTEGER NOT NULL,
    used     INTEGER NOT NULL,
    wants    INTEGER NOT NULL,
    served   REAL NOT NULL,
    waited   REAL,
    closed   TEXT NOT NULL,
    problem  TEXT NOT NULL
) STRICT, WITHOUT ROWID;
