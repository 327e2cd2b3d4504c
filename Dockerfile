# The image of Accord: every role of a deployment, chosen by the argument (docs/containers.md).
#
#   docker build --tag accord .
#   docker run --env-file accord.env accord web

FROM docker.io/library/python:3.11-slim-bookworm AS base

FROM base AS build
# pip reads these where they are passed as --build-arg, and a pip.conf that is passed as --secret id=pip,src=FILE.
ARG PIP_INDEX_URL
ARG PIP_EXTRA_INDEX_URL
ARG PIP_TRUSTED_HOST
ARG PIP_CERT
WORKDIR /opt/accord
COPY requirements.txt constraints.txt ./
# What only installs packages is removed again.
RUN --mount=type=secret,id=pip,target=/etc/pip.conf \
    python3 -m venv /opt/venv && \
    /opt/venv/bin/pip install --no-cache-dir --disable-pip-version-check --requirement requirements.txt && \
    /opt/venv/bin/pip uninstall --yes --quiet pip setuptools
COPY . .
# Static files are collected here, because the root file system may be read-only later. The values replace the
# required settings and are not kept. Files of a checkout may be private to its owner.
RUN SECRET_KEY="$(/opt/venv/bin/python -c 'import secrets; print(secrets.token_urlsafe(48))')" \
    DATABASE_URL=postgres://nobody@127.0.0.1/none REDIS_URL=redis://127.0.0.1 BASE_URL=https://localhost \
    ALLOWED_HOSTS=localhost EMAIL_URL=smtp://127.0.0.1 DEBUG=0 \
    STATIC_ROOT=/opt/accord/staticfiles DJANGO_SETTINGS_MODULE=config.settings /opt/venv/bin/python -c \
    'import django; django.setup(); from config import static_files; static_files.collect_if_changed()' && \
    /opt/venv/bin/python -m compileall -q . && \
    chmod --recursive a+rX .

FROM base
RUN groupadd --system --gid 10001 accord && \
    useradd --system --uid 10001 --gid accord --home-dir /var/lib/accord --no-create-home accord && \
    install --directory --owner accord --group accord --mode 0750 /var/lib/accord
COPY --from=build /opt/venv /opt/venv
COPY --from=build /opt/accord /opt/accord
ENV PATH=/opt/venv/bin:$PATH \
    PYTHONUNBUFFERED=1 \
    PYTHONDONTWRITEBYTECODE=1 \
    DEBUG=0 \
    WEB_HOST=0.0.0.0 \
    STATE_DIR=/var/lib/accord \
    STATIC_ROOT=/opt/accord/staticfiles \
    RUNTIME_DIR=/tmp/accord
WORKDIR /opt/accord
USER 10001:10001
# Clicks that wait for the database, uploaded files and the schedule of beat: the only directory that is written to.
VOLUME /var/lib/accord
EXPOSE 8000 8001
HEALTHCHECK --interval=30s --timeout=20s --start-period=60s CMD ["python", "-m", "config.probe"]
ENTRYPOINT ["python", "-m", "config.serve"]
CMD ["web"]
