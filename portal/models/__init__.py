from portal.models.erasure import ErasureRequest
from portal.models.scheduled_task import IntegrityCheck, ScheduledTask, TaskRun

__all__ = ["ErasureRequest", "IntegrityCheck", "ScheduledTask", "TaskRun"]
