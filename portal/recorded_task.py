"""The class of all Celery tasks, set in `config.celery`: each run is recorded in the database."""

import logging
import time
from typing import Any
from uuid import uuid4

from celery import Task
from django.db import DatabaseError, InterfaceError, OperationalError
from django.utils import timezone

logger = logging.getLogger(__name__)
# An unavailable store is not the fault of the task, which is retried until the store is back.
STORE_ERRORS = (OperationalError, InterfaceError)


class RecordedTask(Task):  # type: ignore[misc]  # Celery has no types
    """A task that returns its result as text and is disabled after repeated failures."""

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        # Celery creates its task classes before Django has loaded the models.
        from portal import scheduled_tasks

        job = self.request.id or str(uuid4())
        if not scheduled_tasks.start_run(name=self.name, job=job, now=timezone.now()):
            logger.info("%s was skipped: it is disabled or waits for its retry", self.name)
            return None
        started = time.monotonic()
        try:
            result = super().__call__(*args, **kwargs)
        except Exception as error:
            self._record_failure(job, error)
            raise
        text = "" if result is None else str(result)
        scheduled_tasks.record_success(
            name=self.name, job=job, result=text, seconds=time.monotonic() - started, now=timezone.now()
        )
        logger.log(logging.INFO if text else logging.DEBUG, "%s: %s", self.name, text or "nothing to do")
        return result

    def _record_failure(self, job: str, error: Exception) -> None:
        from portal import scheduled_tasks

        counts = not isinstance(error, STORE_ERRORS)
        try:
            scheduled_tasks.record_failure(
                name=self.name, job=job, error=f"{type(error).__name__}: {error}", counts=counts, now=timezone.now()
            )
        except DatabaseError:
            logger.exception("The failure of %s could not be recorded", self.name)
