<?php
//= args = ["a b", "--flag", "é"]
//= stdout = "a b|--flag|é\n"
echo implode("|", array_slice($argv, 1)), "\n";
