-- What a button's request carries beside its issue: which node of the pipeline, about which commit.
ALTER TABLE buttons ADD COLUMN detail TEXT NOT NULL DEFAULT '{}';

-- Attempts ever made: the delivery log forgets, and a count must not fall.
CREATE TABLE tallies (
    sink   TEXT NOT NULL,
    result TEXT NOT NULL,
    count  INTEGER NOT NULL,
    PRIMARY KEY (sink, result)
) STRICT, WITHOUT ROWID;
INSERT INTO tallies (sink, result, count)
SELECT messages.sink, deliveries.result, count(*) FROM deliveries JOIN messages ON messages.id = deliveries.message
GROUP BY 1, 2;
