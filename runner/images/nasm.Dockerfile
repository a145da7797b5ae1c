# The Netwide Assembler, a linker, and the C library for programs that call it.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare nasm binutils libc6-dev
COPY nasm.assemble /usr/local/bin/assemble
WORKDIR /box
