<?php
//= verdict = "runtime_error"
//= says = "on line 6"
echo "not reached";

if (true echo 2;
