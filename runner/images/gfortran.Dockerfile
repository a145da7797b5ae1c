# GNU Fortran.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare gfortran libc6-dev
WORKDIR /box
