;= args = ["a b", "--flag", "é"]
;= stdout = "a b|--flag|é\n"
global main
extern printf, puts

section .rodata
one: db "%s", 0
another: db "|%s", 0
nothing: db 0

section .text
main:
    push rbx
    lea rbx, [rsi + 8]      ; the first argument
    lea rdi, [rel one]
.next:
    mov rsi, [rbx]
    test rsi, rsi
    jz .end
    xor eax, eax
    call printf
    add rbx, 8
    lea rdi, [rel another]
    jmp .next
.end:
    lea rdi, [rel nothing]
    call puts
    xor eax, eax
    pop rbx
    ret
