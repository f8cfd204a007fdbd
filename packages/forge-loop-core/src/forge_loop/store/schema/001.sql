-- The loop's own rows. Times are RFC 3339 UTC text, lists are JSON. Only forge_loop.store writes here.

CREATE TABLE loop (
    id            INTEGER PRIMARY KEY CHECK (id = 1),
    loop_id       TEXT NOT NULL,
    repo          TEXT NOT NULL DEFAULT '',
    pid           INTEGER,
    start_ticks   INTEGER,
    since         TEXT,
    slots         INTEGER NOT NULL DEFAULT 0,
    paused        INTEGER NOT NULL DEFAULT 0,
    paused_until  TEXT,
    pause_reason  TEXT,
    parked_until  TEXT,
    park_reason   TEXT,
    halt_reason   TEXT,
    resumed_at    TEXT,
    base_problem  TEXT,
    base_sha      TEXT,
    last_tick     TEXT
) STRICT;

CREATE TABLE approvals (
    id              INTEGER PRIMARY KEY,
    issue           INTEGER NOT NULL,
    issue_key       TEXT NOT NULL,
    actor           TEXT NOT NULL,
    at              TEXT NOT NULL,
    sha256          TEXT NOT NULL,
    title           TEXT NOT NULL,
    body            TEXT NOT NULL,
    hidden_accepted INTEGER NOT NULL DEFAULT 0,
    released_at     TEXT
) STRICT;
CREATE INDEX approvals_by_issue ON approvals (issue_key, id);

CREATE TABLE jobs (
    id            INTEGER PRIMARY KEY,
    issue         INTEGER NOT NULL,
    issue_key     TEXT NOT NULL,
    approval      INTEGER NOT NULL REFERENCES approvals (id),
    title         TEXT NOT NULL,
    state         TEXT NOT NULL,
    resume_state  TEXT,
    priority      INTEGER NOT NULL,
    branch        TEXT NOT NULL,
    attempts      INTEGER NOT NULL,
    interruptions INTEGER NOT NULL,
    round         INTEGER NOT NULL,
    attempt       INTEGER,
    base_sha      TEXT,
    head_sha      TEXT,
    merged_sha    TEXT,
    pull_request  INTEGER,
    spec          TEXT,
    withheld      TEXT NOT NULL,
    lines_changed INTEGER NOT NULL,
    not_before    TEXT,
    reason        TEXT,
    failure_kind  TEXT,
    fingerprint   TEXT,
    created_at    TEXT NOT NULL,
    updated_at    TEXT NOT NULL
) STRICT;
CREATE INDEX jobs_by_issue ON jobs (issue_key, id);
CREATE INDEX jobs_by_number ON jobs (issue, id);
CREATE UNIQUE INDEX jobs_live_by_approval ON jobs (approval)
    WHERE state NOT IN ('merged', 'handed_over', 'given_up', 'yielded', 'cancelled');

CREATE TABLE attempts (
    id           INTEGER PRIMARY KEY,
    job          INTEGER NOT NULL REFERENCES jobs (id),
    issue        INTEGER NOT NULL,
    number       INTEGER NOT NULL,
    base_sha     TEXT,
    head_sha     TEXT,
    started_at   TEXT NOT NULL,
    ended_at     TEXT,
    outcome      TEXT,
    failure_kind TEXT,
    fingerprint  TEXT,
    charged      INTEGER NOT NULL,
    rounds       INTEGER NOT NULL,
    note         TEXT NOT NULL,
    UNIQUE (job, number)
) STRICT;

CREATE TABLE sessions (
    id               INTEGER PRIMARY KEY,
    session          TEXT NOT NULL,
    job              INTEGER REFERENCES jobs (id),
    attempt          INTEGER REFERENCES attempts (id),
    role             TEXT NOT NULL,
    round            INTEGER NOT NULL,
    purpose          TEXT NOT NULL,
    head_sha         TEXT,
    brief_sha256     TEXT NOT NULL,
    model            TEXT NOT NULL,
    transcript       TEXT NOT NULL,
    started_at       TEXT NOT NULL,
    ended_at         TEXT,
    outcome          TEXT,
    acted_on         INTEGER NOT NULL,
    detail           TEXT NOT NULL,
    resets_at        TEXT,
    report           TEXT,
    last_activity_at TEXT,
    last_tool        TEXT,
    turns            INTEGER NOT NULL,
    tool_calls       INTEGER NOT NULL,
    tokens_in        INTEGER NOT NULL,
    tokens_out       INTEGER NOT NULL
) STRICT;
CREATE INDEX sessions_by_attempt ON sessions (attempt, id);
CREATE INDEX sessions_of_no_job ON sessions (id) WHERE job IS NULL;
CREATE INDEX sessions_open ON sessions (session) WHERE ended_at IS NULL;

CREATE TABLE checks (
    id       INTEGER PRIMARY KEY,
    job      INTEGER NOT NULL REFERENCES jobs (id),
    attempt  INTEGER NOT NULL,
    head_sha TEXT NOT NULL,
    base_sha TEXT NOT NULL,
    command  TEXT NOT NULL,
    passed   INTEGER NOT NULL,
    status   INTEGER,
    output   TEXT NOT NULL,
    seconds  REAL NOT NULL,
    at       TEXT NOT NULL
) STRICT;
CREATE INDEX checks_by_job ON checks (job, head_sha, base_sha);

-- The checks on base itself, before anyone's change.
CREATE TABLE base_checks (
    id       INTEGER PRIMARY KEY,
    base_sha TEXT NOT NULL,
    command  TEXT NOT NULL,
    passed   INTEGER NOT NULL,
    status   INTEGER,
    output   TEXT NOT NULL,
    seconds  REAL NOT NULL,
    at       TEXT NOT NULL
) STRICT;
CREATE INDEX base_checks_by_base ON base_checks (base_sha);

CREATE TABLE reviews (
    id              INTEGER PRIMARY KEY,
    job             INTEGER NOT NULL REFERENCES jobs (id),
    attempt         INTEGER NOT NULL,
    session         TEXT NOT NULL,
    round           INTEGER NOT NULL,
    head_sha        TEXT NOT NULL,
    base_sha        TEXT NOT NULL,
    brief_sha256    TEXT NOT NULL,
    snapshot_sha256 TEXT NOT NULL,
    overall         TEXT NOT NULL,
    approves        INTEGER NOT NULL,
    reviewed        TEXT NOT NULL,
    at              TEXT NOT NULL
) STRICT;
CREATE INDEX reviews_by_job ON reviews (job, head_sha);

CREATE TABLE findings (
    id        INTEGER PRIMARY KEY,
    job       INTEGER NOT NULL REFERENCES jobs (id),
    review    INTEGER NOT NULL REFERENCES reviews (id),
    severity  TEXT NOT NULL,
    category  TEXT NOT NULL,
    file      TEXT,
    line      INTEGER,
    message   TEXT NOT NULL,
    closed_at TEXT
) STRICT;
CREATE INDEX findings_by_job ON findings (job, id);

CREATE TABLE effects (
    id         INTEGER PRIMARY KEY,
    key        TEXT NOT NULL UNIQUE,
    kind       TEXT NOT NULL,
    job        INTEGER NOT NULL REFERENCES jobs (id),
    state      TEXT NOT NULL CHECK (state IN ('intended', 'acting', 'done', 'failed')),
    detail     TEXT NOT NULL,
    result     TEXT,
    intended_at TEXT NOT NULL,
    ended_at   TEXT
) STRICT;
CREATE INDEX effects_open ON effects (id) WHERE state IN ('intended', 'acting');
CREATE INDEX effects_by_job ON effects (job, id);

-- What a maintenance session proposes. Nothing of it is done before the operator applies it.
CREATE TABLE proposals (
    id        INTEGER PRIMARY KEY,
    session   TEXT NOT NULL,
    issue     INTEGER NOT NULL,
    issue_key TEXT NOT NULL,
    kind      TEXT NOT NULL,
    text      TEXT NOT NULL,
    state     TEXT NOT NULL CHECK (state IN ('open', 'accepted', 'applied', 'superseded')),
    at        TEXT NOT NULL
) STRICT;
CREATE INDEX proposals_open ON proposals (id) WHERE state IN ('open', 'accepted');

CREATE TABLE requests (
    id           INTEGER PRIMARY KEY,
    kind         TEXT NOT NULL,
    issue        INTEGER,
    detail       TEXT NOT NULL,
    requested_at TEXT NOT NULL,
    state        TEXT NOT NULL CHECK (state IN ('requested', 'applied', 'refused')),
    answer       TEXT,
    answered_at  TEXT
) STRICT;
CREATE INDEX requests_open ON requests (id) WHERE state = 'requested';

-- What intake last said of an issue, so that a refusal is told once and `explain` can answer while nothing is read.
CREATE TABLE observations (
    issue_key TEXT PRIMARY KEY,
    issue     INTEGER NOT NULL,
    title     TEXT NOT NULL,
    reasons   TEXT NOT NULL,
    at        TEXT NOT NULL
) STRICT;

CREATE TABLE events (
    seq     INTEGER PRIMARY KEY,
    at      TEXT NOT NULL,
    kind    TEXT NOT NULL,
    repo    TEXT NOT NULL,
    issue   INTEGER,
    job     INTEGER,
    attempt INTEGER,
    session TEXT,
    data    TEXT NOT NULL
) STRICT;
CREATE INDEX events_by_issue ON events (issue, seq);
