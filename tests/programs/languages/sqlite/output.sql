-- = verdict = "output_exceeded"
-- = limits = { output_bytes = 65536 }
-- = says = "all work and no play"
WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n) SELECT 'all work and no play makes jack a dull boy' FROM n;
