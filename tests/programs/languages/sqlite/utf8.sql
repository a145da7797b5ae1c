-- = stdin = "naïve 日本 🐝\n"
-- = stdout = "wörld 🐝 naïve 日本 🐝\n"
CREATE TABLE input (line TEXT);
.import /dev/stdin input
SELECT 'wörld 🐝 ' || line FROM input;
