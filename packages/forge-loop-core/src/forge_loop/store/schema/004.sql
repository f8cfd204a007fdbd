-- Counts that outlive the events they were counted from. A row changes in the transaction of its event.
CREATE TABLE tallies (
    family TEXT NOT NULL,
    label  TEXT NOT NULL,
    count  INTEGER NOT NULL,
    total  REAL NOT NULL,
    PRIMARY KEY (family, label)
) STRICT, WITHOUT ROWID;

INSERT INTO tallies SELECT 'events', kind, count(*), 0 FROM events GROUP BY kind;
INSERT INTO tallies
    SELECT 'watchdog', data ->> 'reason', count(*), 0 FROM events WHERE kind = 'watchdog.ended_session' GROUP BY 2;

-- What is counted of every session, apart from their reports, which are long.
CREATE INDEX sessions_counted ON sessions (role, outcome, started_at, ended_at, tokens_in, tokens_out)
    WHERE ended_at IS NOT NULL;
