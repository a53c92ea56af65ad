# A stand-in for the official image of Python, where no registry can be reached: Debian's own Python at the same
# places. It carries the packages of the shop's services, so that they build without a network too.
FROM debian:13-slim
ARG VERSION

RUN apt-get update -qq \
    && apt-get install -qq -y --no-install-recommends ca-certificates python3 python3-pip python3-venv >/dev/null \
    && apt-get clean && rm -rf /var/lib/apt/lists/* /usr/lib/python3*/EXTERNALLY-MANAGED \
    && is=$(python3 -c 'import sys; print("%d.%d" % sys.version_info[:2])') \
    && { [ "$is" = "$VERSION" ] || { echo "REFUSED: Debian has Python $is, not $VERSION"; exit 1; }; } \
    && for name in python python3 "python$is"; do ln -s "/usr/bin/python$is" "/usr/local/bin/$name"; done \
    && mkdir -p "/usr/local/lib/python$is/site-packages" \
    && rm -rf "/usr/local/lib/python$is/dist-packages" \
    && ln -s site-packages "/usr/local/lib/python$is/dist-packages"

# Whom the machine trusts is trusted here: some networks have a certificate authority of their own.
COPY ca.crt /etc/ssl/certs/ca-certificates.crt
COPY pip.conf /etc/pip.conf
COPY requirements /tmp/requirements
RUN for file in /tmp/requirements/*; do \
        pip download --quiet --no-cache-dir --retries 3 --dest /usr/local/share/wheels -r "$file" || exit 1; \
    done

ENV LANG=C.UTF-8
CMD ["python3"]
