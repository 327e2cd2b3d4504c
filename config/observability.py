"""Settings of health checks, metrics, logs and error reports, part of config/settings.py."""

import ipaddress
import logging
import os
import re
import sys
from pathlib import Path
from typing import Any

from django.core.exceptions import ImproperlyConfigured

from config.environment import BASE_DIR, DEBUG, env

# Files that mean nothing once the processes have ended. systemd names a directory in RUNTIME_DIRECTORY.
RUNTIME_DIR = Path(
    env.str("RUNTIME_DIR", default=os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]) or BASE_DIR / ".local" / "run"
)

LOG_LEVEL: str = env.str("LOG_LEVEL", default="WARNING" if "pytest" in sys.modules else "INFO").upper()
if LOG_LEVEL not in logging.getLevelNamesMapping():
    raise ImproperlyConfigured(f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {LOG_LEVEL!r}")
LOG_FORMAT: str = env.str("LOG_FORMAT", default="text" if DEBUG else "json")
if LOG_FORMAT not in ("json", "text"):
    raise ImproperlyConfigured(f"LOG_FORMAT must be json or text, not {LOG_FORMAT!r}")

# Chatty at INFO: what is refused is in the access log, and what tasks do is recorded (portal/scheduled_tasks.py).
QUIET_LOGGERS = {"django.request": "ERROR", "celery.worker.strategy": "WARNING", "celery.beat": "WARNING"}
QUIET_LOGGERS |= {"celery.app.trace": "WARNING", "kombu": "WARNING", "urllib3": "WARNING"}


def build_logging(level: str, form: str) -> dict[str, Any]:
    """Return Django's LOGGING, which all processes use. With the level DEBUG no logger is kept quiet."""
    quiet = {} if level == "DEBUG" else QUIET_LOGGERS
    handler = {"class": "logging.StreamHandler", "formatter": form, "filters": ["request_id", "repeats"]}
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {
            "text": {"format": "%(asctime)s %(levelname)s %(name)s [%(request_id)s]: %(message)s"},
            "json": {"()": "lib.log_output.Formatter"},
        },
        "filters": {
            "request_id": {"()": "lib.log_output.RequestIdFilter"},
            "repeats": {"()": "lib.log_output.RepeatFilter"},
        },
        "handlers": {"console": handler},
        # Django's own handlers would write every message twice, and mail tracebacks to ADMINS.
        "loggers": {
            "django": {"handlers": [], "level": "NOTSET", "propagate": True},
            **{name: {"level": least} for name, least in quiet.items()},
        },
        "root": {"handlers": ["console"], "level": level},
    }


LOGGING = build_logging(LOG_LEVEL, LOG_FORMAT)

# Who may read /metrics.
try:
    METRICS_NETWORKS = [
        ipaddress.ip_network(text.strip()) for text in env.list("METRICS_NETWORKS", default=["127.0.0.0/8", "::1"])
    ]
except ValueError as error:
    raise ImproperlyConfigured(f"METRICS_NETWORKS must be networks such as 10.0.0.0/8: {error}") from None
# Where the worker serves /metrics, as host:port; "" serves none.
WORKER_METRICS_ADDRESS: str = env.str("WORKER_METRICS_ADDRESS", default="")
if WORKER_METRICS_ADDRESS and not re.fullmatch(r"[^\s/]+:\d{1,5}", WORKER_METRICS_ADDRESS, re.ASCII):
    raise ImproperlyConfigured(
        f"WORKER_METRICS_ADDRESS must be a host and a port such as 127.0.0.1:9102, not {WORKER_METRICS_ADDRESS!r}"
    )

SENTRY_DSN: str = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    from sentry_sdk.utils import BadDsn

    from lib import error_reports

    try:
        error_reports.start(SENTRY_DSN)
    except BadDsn as error:
        raise ImproperlyConfigured(
            f"SENTRY_DSN must be an address such as https://key@host/1, not {SENTRY_DSN!r}: {error}"
        ) from None
