# Haskell.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
# The compiler as a library for programs, and the package manager's, are a fifth of it all and no short program's need.
RUN prepare ghc && rm -f /usr/lib/ghc/ghc-9*/libHSghc-*.a /usr/lib/ghc/Cabal-*/libHSCabal-*.a
WORKDIR /box
