-- Through whose hand an operator's request came: the command line, a login of the dashboard, a program with its token.
ALTER TABLE requests ADD COLUMN requested_by TEXT NOT NULL DEFAULT '';
