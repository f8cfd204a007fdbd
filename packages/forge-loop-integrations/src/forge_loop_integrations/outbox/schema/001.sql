-- Messages and the places of the sinks that write them. Times are seconds since 1970, lists are JSON. Only
-- forge_loop_integrations.outbox writes here.

-- One row per sink. `seq` is the newest event behind it; a message is there exactly if its event is behind that.
CREATE TABLE sinks (
    name          TEXT PRIMARY KEY,
    seq           INTEGER NOT NULL,
    stopped       TEXT,
    stopped_by    TEXT CHECK (stopped_by IN ('operator', 'receiver')),
    not_before    REAL NOT NULL DEFAULT 0,
    failures      INTEGER NOT NULL DEFAULT 0,
    failing_since REAL,
    dead_in_a_row INTEGER NOT NULL DEFAULT 0,
    last_error    TEXT,
    last_sent_at  REAL
) STRICT;

-- What messages are about: an issue, or a part of the loop. `remote` is what the receiver calls its message of it.
CREATE TABLE matters (
    sink      TEXT NOT NULL,
    key       TEXT NOT NULL,
    title     TEXT NOT NULL DEFAULT '',
    labels    TEXT NOT NULL DEFAULT '[]',
    newest    TEXT,
    remote    TEXT,
    told_at   REAL,
    opened_by TEXT,
    opened_at REAL,
    repeat    REAL NOT NULL DEFAULT 0,
    repeat_at REAL,
    repeats   INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (sink, key)
) STRICT;
CREATE INDEX matters_to_repeat ON matters (sink, repeat_at) WHERE repeat_at IS NOT NULL;

CREATE TABLE messages (
    number      INTEGER PRIMARY KEY,
    id          TEXT NOT NULL UNIQUE,
    sink        TEXT NOT NULL,
    matter      TEXT NOT NULL,
    class       TEXT NOT NULL,
    purpose     TEXT NOT NULL CHECK (purpose IN ('event', 'update', 'digest', 'repeat', 'resolved', 'note', 'test')),
    hold        TEXT NOT NULL CHECK (hold IN ('', 'group', 'quiet', 'digest')),
    entries     TEXT NOT NULL,
    state       TEXT NOT NULL CHECK (state IN ('pending', 'sending', 'sent', 'dead', 'merged')),
    attempts    INTEGER NOT NULL DEFAULT 0,
    created_at  REAL NOT NULL,
    not_before  REAL NOT NULL,
    lease_until REAL,
    ended_at    REAL,
    error       TEXT
) STRICT;
CREATE INDEX messages_waiting ON messages (sink, matter, number) WHERE state IN ('pending', 'sending');
CREATE INDEX messages_ended ON messages (state, ended_at);

CREATE TABLE deliveries (
    number  INTEGER PRIMARY KEY,
    message TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    at      REAL NOT NULL,
    seconds REAL NOT NULL,
    result  TEXT NOT NULL CHECK (result IN ('delivered', 'retry', 'refused', 'gone')),
    status  INTEGER,
    error   TEXT
) STRICT;
CREATE INDEX deliveries_by_message ON deliveries (message, number);

-- Buttons that were shown. What a click carries is the id alone.
CREATE TABLE buttons (
    id         TEXT PRIMARY KEY,
    sink       TEXT NOT NULL,
    matter     TEXT NOT NULL,
    asks       TEXT NOT NULL,
    issue      INTEGER,
    expires_at REAL NOT NULL,
    used_by    TEXT,
    request    INTEGER
) STRICT;
