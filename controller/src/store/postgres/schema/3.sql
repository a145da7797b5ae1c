-- The files that a job's runs left.
CREATE TABLE artifacts (
  id uuid NOT NULL,
  run integer NOT NULL,
  path text COLLATE "C" NOT NULL,
  data bytea NOT NULL,
  PRIMARY KEY (id, path, run)
);
