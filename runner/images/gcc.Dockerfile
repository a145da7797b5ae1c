# The GNU compilers for C and C++.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare gcc g++ libc6-dev make

# <bits/stdc++.h> is the whole standard library, and reading it takes longer than all else in a short program.
# g++ takes a precompiled one by itself, from a folder beside the header that may hold several: if the standard,
# the macros, debug information and exceptions are as they were here, and it is the first thing included. Else
# (-O0, -g, -std=c++20, -fsanitize=…) it reads the header as ever and says nothing. One costs some 120 MB.
RUN header=$(find /usr/include -path '*/bits/stdc++.h') && mkdir "$header.gch" \
    && for standard in gnu++17 gnu++20 gnu++23; do \
        g++ -O2 -std=$standard -pthread -x c++-header "$header" -o "$header.gch/$standard.gch" || exit 1; \
    done
WORKDIR /box
