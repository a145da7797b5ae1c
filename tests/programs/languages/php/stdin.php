<?php
//= stdin = "one\ntwo\n"
//= stdout = "one\ntwo\n"
while (($line = fgets(STDIN)) !== false) {
    echo $line;
}
