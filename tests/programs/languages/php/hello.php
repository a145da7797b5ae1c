<?php
//= stdout = "hello\n"
echo "hello\n";
