# OpenJDK without a desktop. The module files are only for linking custom runtimes.
ARG BASE=debian:bookworm-slim
FROM ${BASE}
COPY prepare /usr/local/sbin/
RUN prepare openjdk-17-jdk-headless && rm -rf /usr/lib/jvm/*/jmods

# javac's own classes, parsed and linked once here: with -J-XX:SharedArchiveFile=/usr/lib/jvm/javac.jsa
# they are mapped, which halves the time of a small compilation. A JVM that cannot use the file does without.
COPY jdk.Warm.java /usr/local/lib/ruche/Warm.java
RUN javac -J-XX:ArchiveClassesAtExit=/usr/lib/jvm/javac.jsa -J-XX:+UseSerialGC -d /tmp/warm /usr/local/lib/ruche/Warm.java \
    && rm -rf /tmp/warm

# The same compiler for `compile_ahead` in languages.toml, and what it warms up with.
COPY jdk.Wrong.java /usr/local/lib/ruche/Wrong.java
COPY jdk.Javac.java /tmp/Javac.java
RUN javac -d /usr/local/lib/ruche /tmp/Javac.java && rm /tmp/Javac.java
WORKDIR /box
