-- = stdin = "one\ntwo\n"
-- = stdout = "one\ntwo\n"
CREATE TABLE input (line TEXT);
.import /dev/stdin input
SELECT line FROM input;
