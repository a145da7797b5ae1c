# Node.js and the TypeScript compiler.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare nodejs node-typescript node-undici-types
WORKDIR /box
