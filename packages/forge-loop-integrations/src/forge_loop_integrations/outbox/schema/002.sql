-- What a button's request carries beside its issue: which node of the pipeline, about which commit.
ALTER TABLE buttons ADD COLUMN detail TEXT NOT NULL DEFAULT '{}';
