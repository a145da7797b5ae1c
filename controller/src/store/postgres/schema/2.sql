-- Whose a job is; nobody's where it came without an account.
ALTER TABLE jobs ADD COLUMN owner text;
CREATE INDEX jobs_owner ON jobs (owner, number) WHERE owner IS NOT NULL;

-- Small things beside the jobs, each change of them a compare-and-set on their version.
CREATE TABLE documents (
  kind text COLLATE "C" NOT NULL,
  key text COLLATE "C" NOT NULL,
  version bigint NOT NULL,
  body text NOT NULL,
  expires_at bigint,
  PRIMARY KEY (kind, key)
);
CREATE INDEX documents_expiring ON documents (expires_at) WHERE expires_at IS NOT NULL;
