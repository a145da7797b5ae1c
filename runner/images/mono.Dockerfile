# C# by Mono.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare mono-mcs mono-runtime
WORKDIR /box
