# A stand-in for Eclipse's image of Java, where no registry can be reached: Debian's own OpenJDK at the same place, with
# the compiler (VARIANT jdk) or without (jre).
FROM debian:13-slim
ARG VERSION
ARG VARIANT

# A slim Debian has no folder for manual pages, which OpenJDK's installation wants to link into.
RUN mkdir -p /usr/share/man/man1 \
    && apt-get update -qq \
    && { apt-get install -qq -y --no-install-recommends "openjdk-$VERSION-$VARIANT-headless" >/dev/null \
        || { echo "REFUSED: Debian has no OpenJDK $VERSION"; exit 1; }; } \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && is=$(java -version 2>&1 | sed -n 's/^openjdk version "\([0-9]*\).*/\1/p') \
    && { [ "$is" = "$VERSION" ] || { echo "REFUSED: Debian has OpenJDK $is, not $VERSION"; exit 1; }; } \
    && mkdir /opt/java \
    && ln -s "$(dirname "$(dirname "$(readlink -f /usr/bin/java)")")" /opt/java/openjdk

ENV JAVA_HOME=/opt/java/openjdk LANG=C.UTF-8
ENV PATH=/opt/java/openjdk/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
CMD ["jshell"]
