# Free Pascal.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare fp-compiler fp-units-rtl fp-units-base fp-units-fcl
WORKDIR /box
