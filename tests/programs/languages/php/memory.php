<?php
//= verdict = "memory_exceeded"
//= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
$hoard = [];
while (true) {
    $hoard[] = str_repeat(chr(count($hoard) % 256), 1 << 20);
}
