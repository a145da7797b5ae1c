# Ruby.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare ruby
COPY ruby.unbuffered.rb /usr/local/lib/ruche/unbuffered.rb
WORKDIR /box
