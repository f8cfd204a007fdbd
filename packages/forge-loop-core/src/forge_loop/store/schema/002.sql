-- What a job changes, and which pull requests of the loop's are open, whatever became of their jobs. Lists are JSON.

ALTER TABLE jobs ADD COLUMN paths TEXT NOT NULL DEFAULT '[]';
ALTER TABLE loop ADD COLUMN open_pull_requests TEXT NOT NULL DEFAULT '[]';
CREATE INDEX jobs_by_pull_request ON jobs (pull_request) WHERE pull_request IS NOT NULL;

-- What a parked loop waits for, and since when; and how far each of the account's limits was used when last heard of.
ALTER TABLE loop ADD COLUMN parked_at TEXT;
ALTER TABLE loop ADD COLUMN parked_for TEXT;

CREATE TABLE limits (
    id          INTEGER PRIMARY KEY,
    kind        TEXT NOT NULL UNIQUE,
    utilization REAL NOT NULL,
    resets_at   TEXT,
    seen_at     TEXT NOT NULL
) STRICT;

-- What is done of a proposal while it is accepted: a JSON list.
ALTER TABLE proposals ADD COLUMN acts TEXT NOT NULL DEFAULT '[]';
