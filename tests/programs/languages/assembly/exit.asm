;= verdict = "runtime_error"
;= exit_code = 7
;= stdout = "before\n"
global main
extern puts

section .rodata
text: db "before", 0

section .text
main:
    push rbx
    lea rdi, [rel text]
    call puts
    mov eax, 7
    pop rbx
    ret
