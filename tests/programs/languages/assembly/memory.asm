;= verdict = "memory_exceeded"
;= limits = { memory_bytes = 67108864, cpu_seconds = 20.0 }
global _start

section .text
_start:
    mov eax, 12             ; brk
    xor edi, edi
    syscall
.grow:
    mov rbx, rax
    lea rdi, [rax + 4096]
    mov eax, 12
    syscall
    mov byte [rbx], 1
    jmp .grow
