# A stand-in for the official image of Go, where no registry can be reached: Debian's own Go at the same places.
FROM debian:13-slim
ARG VERSION

RUN apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends ca-certificates golang-go >/dev/null \
    && apt-get clean && rm -rf /var/lib/apt/lists/* \
    && is=$(go version | sed 's/[^0-9]*\([0-9]*\.[0-9]*\).*/\1/') \
    && { [ "$is" = "$VERSION" ] || { echo "REFUSED: Debian has Go $is, not $VERSION"; exit 1; }; } \
    && ln -s "$(go env GOROOT)" /usr/local/go

# Whom the machine trusts is trusted here: some networks have a certificate authority of their own.
COPY ca.crt /etc/ssl/certs/ca-certificates.crt

# local: no other version is fetched, whatever a go.mod asks for.
ENV GOTOOLCHAIN=local GOPATH=/go
ENV PATH=/go/bin:/usr/local/go/bin:/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
WORKDIR /go
CMD ["bash"]
