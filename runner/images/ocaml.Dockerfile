# OCaml.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
# Twice the compilers are there as bytecode too, and once as a library.
RUN prepare ocaml-nox libc6-dev && rm -rf /usr/bin/ocaml*.byte /usr/bin/ocamldebug /usr/lib/ocaml/compiler-libs \
    && find /usr/lib/ocaml -name '*.cmt*' -delete
WORKDIR /box
