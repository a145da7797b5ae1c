-- The files that a job's runs left.
CREATE TABLE artifacts (
  number INTEGER NOT NULL,
  run INTEGER NOT NULL,
  path TEXT NOT NULL,
  data BLOB NOT NULL,
  UNIQUE (number, path, run)
) STRICT;
