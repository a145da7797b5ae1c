-- Times are microseconds since 1970. A state is 0 (queued), 1 (running) or 2 (finished).
CREATE TABLE jobs (
  number INTEGER PRIMARY KEY,
  id BLOB NOT NULL UNIQUE,
  key TEXT UNIQUE,
  state INTEGER NOT NULL,
  language TEXT NOT NULL,
  labels TEXT NOT NULL,
  traits TEXT NOT NULL,
  -- Of the contents that were submitted.
  bytes INTEGER NOT NULL,
  -- Of what is stored of them and of the results.
  stored INTEGER NOT NULL,
  attempt INTEGER NOT NULL DEFAULT 0,
  lost INTEGER NOT NULL DEFAULT 0,
  -- How long the lease of the running attempt lasts, not until when: clocks may be set.
  lease_ms INTEGER NOT NULL DEFAULT 0,
  runner TEXT,
  cancelled TEXT,
  verdict TEXT,
  message TEXT,
  usage TEXT,
  queued_at INTEGER NOT NULL,
  started_at INTEGER,
  finished_at INTEGER
) STRICT;
CREATE INDEX jobs_under_way ON jobs (state) WHERE state < 2;
CREATE INDEX jobs_finished ON jobs (finished_at, number) WHERE state = 2;

CREATE TABLE specs (number INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;
CREATE TABLE results (number INTEGER PRIMARY KEY, data BLOB NOT NULL) STRICT;

CREATE TABLE attempts (
  number INTEGER NOT NULL,
  attempt INTEGER NOT NULL,
  runner TEXT NOT NULL,
  started_at INTEGER NOT NULL,
  ended_at INTEGER,
  ending TEXT,
  reason TEXT,
  PRIMARY KEY (number, attempt)
) STRICT, WITHOUT ROWID;

CREATE TABLE runners (
  name TEXT PRIMARY KEY,
  registration TEXT NOT NULL,
  seen_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE samples (
  at INTEGER NOT NULL,
  runner TEXT NOT NULL,
  cpu_percent REAL NOT NULL,
  memory_percent REAL NOT NULL,
  active_jobs INTEGER NOT NULL,
  active_containers INTEGER NOT NULL,
  PRIMARY KEY (at, runner)
) STRICT, WITHOUT ROWID;
