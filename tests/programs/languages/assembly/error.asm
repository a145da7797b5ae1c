;= verdict = "compile_error"
;= says = "error.asm:7"
global _start

section .text
_start:
    move eax, 60
