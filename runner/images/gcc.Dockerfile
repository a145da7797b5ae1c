# The GNU compilers for C and C++.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare gcc g++ libc6-dev make
WORKDIR /box
