"""Heartbeats: a file each for worker and beat whose age says whether they are alive. No store is needed.

The worker touches its file every two seconds while it listens to Valkey, beat at every look at the schedule.
"""

import logging
import time
from enum import StrEnum
from pathlib import Path
from typing import Any

from celery.beat import PersistentScheduler
from celery.signals import heartbeat_sent
from django.conf import settings

from lib.celery_signals import connect
from portal.monitoring import readiness

# Longer than beat waits for a broker that does not answer, and than a worker takes to connect again.
MAX_SECONDS = 120.0

log = logging.getLogger(__name__)


class Role(StrEnum):
    WORKER = "worker"
    BEAT = "beat"


class Scheduler(PersistentScheduler):  # type: ignore[misc]  # Celery has no types
    """Beat's scheduler, which touches the heartbeat of beat."""

    def tick(self, *args: Any, **kwargs: Any) -> Any:
        touch(Role.BEAT)
        return super().tick(*args, **kwargs)


@connect(heartbeat_sent)
def _touch_worker(**_kwargs: Any) -> None:
    touch(Role.WORKER)


def touch(role: Role) -> None:
    """Renew the heartbeat of this process."""
    path = get_path(role)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    except OSError as error:
        log.warning("The heartbeat cannot be written: %s", error)


def get_path(role: Role) -> Path:
    return settings.RUNTIME_DIR / f"{role.value}.heartbeat"


def find_fault(role: Role, *, max_seconds: float = MAX_SECONDS) -> str:
    """Return why the process is not alive, or "".

    A worker without Valkey waits for it. To start it again would not help, so it counts as alive.
    """
    path = get_path(role)
    try:
        age = time.time() - path.stat().st_mtime
    except OSError as error:
        return f"{path} cannot be read: {error.strerror}. Is {role.value} running, with the same RUNTIME_DIR?"
    if age <= max_seconds or (role is Role.WORKER and readiness.check_cache() != readiness.OK):
        return ""
    return f"the last heartbeat of {role.value} was {age:.0f} seconds ago"
