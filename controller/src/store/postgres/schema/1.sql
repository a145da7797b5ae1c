-- Times are microseconds since 1970, by this server's clock. A state is 0 (queued), 1 (running) or 2 (finished).
CREATE TABLE controllers (id uuid PRIMARY KEY, seen_at bigint NOT NULL);

CREATE TABLE jobs (
  number bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  id uuid NOT NULL UNIQUE,
  key text UNIQUE,
  state smallint NOT NULL DEFAULT 0,
  -- The controller that looks after it.
  home uuid,
  -- The operation that last changed its state, so that whoever lost the connection can see whether it was done.
  op uuid,
  language text NOT NULL,
  labels jsonb NOT NULL,
  traits text NOT NULL,
  -- Of the contents that were submitted.
  bytes bigint NOT NULL,
  -- Of what is stored of them and of the results.
  stored bigint NOT NULL,
  attempt integer NOT NULL DEFAULT 0,
  lost integer NOT NULL DEFAULT 0,
  lease_until bigint,
  runner text,
  cancelled text,
  verdict text,
  message text,
  usage text,
  queued_at bigint NOT NULL,
  started_at bigint,
  finished_at bigint
) WITH (fillfactor = 70);
CREATE INDEX jobs_waiting ON jobs (home, number) WHERE state = 0;
CREATE INDEX jobs_running ON jobs (id) WHERE state = 1;
CREATE INDEX jobs_finished ON jobs (finished_at, number) WHERE state = 2;

CREATE TABLE specs (id uuid PRIMARY KEY, data bytea NOT NULL);
CREATE TABLE results (id uuid PRIMARY KEY, data bytea NOT NULL);

CREATE TABLE attempts (
  id uuid NOT NULL,
  attempt integer NOT NULL,
  runner text NOT NULL,
  started_at bigint NOT NULL,
  ended_at bigint,
  ending text,
  reason text,
  PRIMARY KEY (id, attempt)
);

CREATE TABLE runners (name text PRIMARY KEY, registration text NOT NULL, seen_at bigint NOT NULL);

CREATE TABLE samples (
  at bigint NOT NULL,
  runner text NOT NULL,
  cpu_percent real NOT NULL,
  memory_percent real NOT NULL,
  active_jobs bigint NOT NULL,
  active_containers bigint NOT NULL,
  PRIMARY KEY (at, runner)
);
