;= stdin = "one\ntwo\n"
;= stdout = "one\ntwo\n"
global main
extern getchar, putchar

section .text
main:
    push rbx
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
