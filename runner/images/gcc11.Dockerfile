# The GNU compilers for C and C++ of the major version before that in `gcc`.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare gcc-11 g++-11 libc6-dev make
WORKDIR /box
