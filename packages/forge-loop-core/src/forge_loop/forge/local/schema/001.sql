-- The local code host's pull requests.
-- candidate: the commit that a merge was about to put on base, recorded before the ref moves.
CREATE TABLE pulls (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    branch TEXT NOT NULL,
    base TEXT NOT NULL,
    title TEXT NOT NULL,
    body TEXT NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'merged', 'closed')),
    head_sha TEXT NOT NULL,
    candidate TEXT,
    merged_sha TEXT,
    created_at TEXT NOT NULL
) STRICT;

CREATE UNIQUE INDEX pulls_open ON pulls (branch, base) WHERE state = 'open';
