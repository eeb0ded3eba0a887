# syntax=docker/dockerfile:1
# The service, or one audit and out:
#
#   docker build -t ecr-audit .
#   docker run --rm ecr-audit --version
#
# It runs as user 10001 with a read-only root; it writes to /var/lib/ecr-audit (the store, unless the configuration
# names another) and to /tmp. See docs/deploy.md.
ARG PYTHON=3.11-slim-bookworm

FROM python:${PYTHON} AS build
COPY . /source
RUN /source/deploy/docker/install /source /opt/ecr-audit

FROM python:${PYTHON}
# Pango and a font draw the PDF; tzdata knows the zones of schedules; tini passes signals on and reaps workers.
# Not pinned (DL3008): Debian's security updates replace versions, so that a pinned one is soon gone.
# hadolint ignore=DL3008
RUN apt-get update \
    && apt-get install -y --no-install-recommends \
        fontconfig fonts-dejavu-core libharfbuzz-subset0 libpango-1.0-0 libpangoft2-1.0-0 tini tzdata \
    && rm -rf /var/lib/apt/lists/* \
    && fc-cache -s \
    && useradd --uid 10001 --user-group --no-create-home --home-dir /var/lib/ecr-audit --shell /usr/sbin/nologin ecr-audit \
    && install -d -o 10001 -g 10001 -m 0700 /var/lib/ecr-audit \
    && install -d /etc/ecr-audit
COPY --from=build /opt/ecr-audit /opt/ecr-audit
COPY --chmod=0755 deploy/docker/from-bucket /usr/local/bin/ecr-audit-from-bucket

ARG VERSION=0.1.0
ARG REVISION=unknown
LABEL org.opencontainers.image.title="ecr-audit" \
      org.opencontainers.image.description="Compliance audits of Amazon ECR replication across an AWS Organization" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"

# XDG_DATA_HOME makes /var/lib/ecr-audit the default store; caches go where a read-only root leaves room.
ENV PATH=/opt/ecr-audit/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    XDG_CACHE_HOME=/tmp/cache \
    XDG_DATA_HOME=/var/lib \
    ECR_AUDIT_CONFIG=/etc/ecr-audit/service.yaml \
    ECR_AUDIT_LOG_FORMAT=json
USER 10001:10001
WORKDIR /var/lib/ecr-audit
# Fargate gives a volume the owner and mode that its folder has here.
VOLUME ["/var/lib/ecr-audit", "/tmp"]
EXPOSE 8180
HEALTHCHECK --interval=30s --timeout=5s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8180/healthz', timeout=4)"]
ENTRYPOINT ["tini", "--", "ecr-audit"]
CMD ["serve"]
