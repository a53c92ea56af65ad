# A stand-in for the official image of PostgreSQL, where no registry can be reached: Debian's own server, started as
# the official image starts it, as far as a shop uses that.
FROM debian:13-slim
ARG VERSION

RUN mkdir -p /etc/postgresql-common \
    && echo 'create_main_cluster = false' >/etc/postgresql-common/createcluster.conf \
    && apt-get update -qq \
    && { apt-get install -qq -y --no-install-recommends "postgresql-$VERSION" >/dev/null \
        || { echo "REFUSED: Debian has no PostgreSQL $VERSION"; exit 1; }; } \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && is=$("/usr/lib/postgresql/$VERSION/bin/postgres" --version | sed 's/[^0-9]*\([0-9]*\).*/\1/') \
    && { [ "$is" = "$VERSION" ] || { echo "REFUSED: Debian has PostgreSQL $is, not $VERSION"; exit 1; }; } \
    && sed -i "s/^#listen_addresses = 'localhost'/listen_addresses = '*'/" \
        "/usr/share/postgresql/$VERSION/postgresql.conf.sample" \
    && mkdir /docker-entrypoint-initdb.d \
    && install --directory --owner postgres --group postgres --mode 0700 /var/lib/postgresql/data

COPY --chmod=0755 postgres-entrypoint /usr/local/bin/docker-entrypoint.sh
ENV PATH=/usr/lib/postgresql/$VERSION/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin \
    PGDATA=/var/lib/postgresql/data LANG=C.UTF-8
VOLUME /var/lib/postgresql/data
EXPOSE 5432
STOPSIGNAL SIGINT
ENTRYPOINT ["docker-entrypoint.sh"]
CMD ["postgres"]
