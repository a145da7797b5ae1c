# OCaml.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare ocaml-nox libc6-dev
WORKDIR /box
