# Rust, in the version that Debian keeps up to date for its browsers, and the C compiler that it links with.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare rustc-web libstd-rust-web-dev gcc libc6-dev
WORKDIR /box
