;= stdin = "naïve 日本 🐝\n"
;= stdout = "wörld 🐝 naïve 日本 🐝\n"
global main
extern printf, getchar, putchar

section .rodata
greeting: db "wörld 🐝 ", 0

section .text
main:
    push rbx
    lea rdi, [rel greeting]
    xor eax, eax
    call printf
.next:
    call getchar
    cmp eax, -1
    je .end
    mov edi, eax
    call putchar
    jmp .next
.end:
    xor eax, eax
    pop rbx
    ret
