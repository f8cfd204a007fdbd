-- The pipeline: which node a review, its findings and its sessions belong to, and the runs of nodes that are no reviews.
ALTER TABLE sessions ADD COLUMN node TEXT NOT NULL DEFAULT '';
ALTER TABLE reviews ADD COLUMN node TEXT NOT NULL DEFAULT 'critic';
ALTER TABLE findings ADD COLUMN node TEXT NOT NULL DEFAULT 'critic';

CREATE TABLE node_runs (
    id       INTEGER PRIMARY KEY,
    job      INTEGER NOT NULL REFERENCES jobs (id),
    head_sha TEXT NOT NULL,
    node     TEXT NOT NULL,
    state    TEXT NOT NULL,
    tries    INTEGER NOT NULL,
    output   TEXT NOT NULL,
    detail   TEXT NOT NULL,
    at       TEXT NOT NULL,
    ended_at TEXT,
    UNIQUE (job, head_sha, node)
) STRICT;
