-- Where the state of a lane's repository lies, so that who shows the fleet can look there without reading its settings.
ALTER TABLE lanes ADD COLUMN state_dir TEXT NOT NULL DEFAULT '';
