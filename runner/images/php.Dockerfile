# PHP for the command line.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare php-cli php-mbstring
WORKDIR /box
