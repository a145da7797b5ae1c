# SWI-Prolog without a desktop.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare swi-prolog-nox
WORKDIR /box
