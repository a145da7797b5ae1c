# Small languages: a shell and its tools, Perl, two kinds of Lua, and SQLite.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare bash bc gawk jq perl lua5.4 luajit sqlite3
COPY scripts.Unbuffered.pm /usr/local/lib/ruche/Unbuffered.pm
WORKDIR /box
