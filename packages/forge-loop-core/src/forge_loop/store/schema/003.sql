-- What a job changes, and which pull requests of the loop's are open, whatever became of their jobs. Lists are JSON.

ALTER TABLE jobs ADD COLUMN paths TEXT NOT NULL DEFAULT '[]';
ALTER TABLE loop ADD COLUMN open_pull_requests TEXT NOT NULL DEFAULT '[]';
CREATE INDEX jobs_by_pull_request ON jobs (pull_request) WHERE pull_request IS NOT NULL;
