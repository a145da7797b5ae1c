;= verdict = "cpu_time_exceeded"
;= limits = { cpu_seconds = 0.5 }
global _start

section .text
_start:
    jmp _start
