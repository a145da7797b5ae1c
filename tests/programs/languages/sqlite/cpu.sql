-- = verdict = "cpu_time_exceeded"
-- = limits = { cpu_seconds = 0.5 }
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT count(*) FROM n;
