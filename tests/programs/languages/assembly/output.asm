;= verdict = "output_exceeded"
;= limits = { output_bytes = 65536 }
;= says = "all work and no play"
global _start

section .rodata
text: db "all work and no play makes jack a dull boy", 10
length: equ $ - text

section .text
_start:
    mov eax, 1
    mov edi, 1
    lea rsi, [rel text]
    mov edx, length
    syscall
    jmp _start
