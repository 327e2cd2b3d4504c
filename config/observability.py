"""Settings of health checks, metrics, logs and error reports, part of config/settings.py."""

import ipaddress
import os
import re
import sys
from pathlib import Path
from typing import Any

from config.environment import DEBUG, env, read_choice, report_error
from config.processes import STATE_DIR

# Files that mean nothing once the processes have ended. systemd names a directory in RUNTIME_DIRECTORY.
RUNTIME_DIR = Path(
    env.str("RUNTIME_DIR", default=os.environ.get("RUNTIME_DIRECTORY", "").split(":")[0]) or STATE_DIR / "run"
)

LOG_LEVEL = read_choice(
    "LOG_LEVEL", "WARNING" if "pytest" in sys.modules else "INFO", ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
)
LOG_FORMAT = read_choice("LOG_FORMAT", "TEXT" if DEBUG else "JSON", ("JSON", "TEXT")).lower()

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


def read_networks(name: str, default: list[str]) -> list[ipaddress.IPv4Network | ipaddress.IPv6Network]:
    """Return the variable `name` as networks, separated by commas."""
    try:
        return [ipaddress.ip_network(text.strip()) for text in env.list(name, default=default)]
    except ValueError as error:
        report_error(f"{name} must be networks such as 10.0.0.0/8: {error}")
        return []


# Who may read /metrics.
METRICS_NETWORKS = read_networks("METRICS_NETWORKS", ["127.0.0.0/8", "::1"])
# Where the worker serves /metrics, as host:port; "" serves none.
WORKER_METRICS_ADDRESS: str = env.str("WORKER_METRICS_ADDRESS", default="")
if WORKER_METRICS_ADDRESS and not re.fullmatch(r"[^\s/]+:\d{1,5}", WORKER_METRICS_ADDRESS, re.ASCII):
    report_error(
        f"WORKER_METRICS_ADDRESS must be a host and a port such as 127.0.0.1:9102, not {WORKER_METRICS_ADDRESS!r}"
    )

SENTRY_DSN: str = env.str("SENTRY_DSN", default="")
if SENTRY_DSN:
    from sentry_sdk.utils import BadDsn

    from lib import error_reports

    try:
        error_reports.start(SENTRY_DSN)
    except BadDsn as error:
        report_error(f"SENTRY_DSN must be an address such as https://key@host/1, not {SENTRY_DSN!r}: {error}")
