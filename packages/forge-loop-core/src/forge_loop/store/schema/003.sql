-- What a job that is merging waits for at the code host.
ALTER TABLE jobs ADD COLUMN waits_for TEXT;

-- The code host's own checks of a candidate as they were last seen, and since when they have looked like that.
CREATE TABLE host_looks (
    id         INTEGER PRIMARY KEY,
    job        INTEGER NOT NULL REFERENCES jobs (id),
    head_sha   TEXT NOT NULL,
    checks     TEXT NOT NULL,
    changed_at TEXT NOT NULL
) STRICT;
CREATE INDEX host_looks_by_job ON host_looks (job, head_sha);

-- What trusted people asked to be changed on pull requests, each acted on once, in this round.
CREATE TABLE remarks (
    id     INTEGER PRIMARY KEY,
    job    INTEGER NOT NULL REFERENCES jobs (id),
    round  INTEGER NOT NULL,
    key    TEXT NOT NULL,
    author TEXT NOT NULL,
    text   TEXT NOT NULL,
    file   TEXT,
    line   INTEGER,
    at     TEXT NOT NULL,
    UNIQUE (job, key)
) STRICT;

-- Approvals that count for nothing, each to be told on its issue once. `label_at` is when the label was given.
CREATE TABLE refusals (
    id        INTEGER PRIMARY KEY,
    issue     INTEGER NOT NULL,
    issue_key TEXT NOT NULL,
    label_at  TEXT NOT NULL,
    text      TEXT NOT NULL,
    told_at   TEXT,
    UNIQUE (issue_key, label_at)
) STRICT;
CREATE INDEX refusals_open ON refusals (id) WHERE told_at IS NULL;
