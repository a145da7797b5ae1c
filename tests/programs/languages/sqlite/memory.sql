-- = verdict = "memory_exceeded"
-- = limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
CREATE TABLE hoard AS
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT i, randomblob(1048576) FROM n;
