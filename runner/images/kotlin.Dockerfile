# Kotlin for the Java virtual machine.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
# The compiler is there a second time, for embedding it.
RUN prepare kotlin openjdk-17-jre-headless && rm -f /usr/share/java/kotlin-compiler-embeddable*
COPY kotlin.compile /usr/local/bin/kotlin-compile
COPY kotlin.Warm.kt /tmp/Warm.kt
RUN mkdir -p /usr/local/lib/ruche \
    && ARCHIVE=-XX:ArchiveClassesAtExit=/usr/local/lib/ruche/kotlin.jsa kotlin-compile /tmp/Warm.kt -d /tmp/warm.jar \
    && rm /tmp/Warm.kt /tmp/warm.jar
WORKDIR /box
