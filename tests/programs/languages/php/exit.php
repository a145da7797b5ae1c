<?php
//= verdict = "runtime_error"
//= exit_code = 7
//= stdout = "before\n"
echo "before\n";
exit(7);
