# R.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare r-base-core
WORKDIR /box
