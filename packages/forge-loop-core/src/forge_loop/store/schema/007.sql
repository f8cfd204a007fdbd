-- The pipelines that attempts are bound to, whole, so that an edited file changes nothing for what is under way.
CREATE TABLE pipelines (
    id     INTEGER PRIMARY KEY,
    sha256 TEXT NOT NULL UNIQUE,
    nodes  TEXT NOT NULL,
    at     TEXT NOT NULL
) STRICT;

ALTER TABLE attempts ADD COLUMN pipeline INTEGER REFERENCES pipelines (id);
