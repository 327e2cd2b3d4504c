"""The Celery app and the schedule of all tasks. The database decides what is due, not the schedule."""

import logging.config
import os
from typing import Any

from celery import Celery
from celery.signals import celeryd_init, setup_logging
from django.conf import settings

from config import metrics_files, observability
from lib.celery_signals import connect

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Each task records its start and its result in the database.
app = Celery("accord", task_cls="portal.recorded_task:RecordedTask")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.conf.beat_scheduler = "portal.monitoring.heartbeats:Scheduler"
app.conf.imports = ("portal.monitoring.heartbeats", "portal.monitoring.request_log", "config.worker_metrics")
app.autodiscover_tasks()


@connect(setup_logging)
def configure_logging(**_kwargs: Any) -> None:
    """Keep the logging of the settings; without this, Celery replaces it by its own, with the level of its option."""
    logging.config.dictConfig(settings.LOGGING)


@connect(celeryd_init)
def share_metrics(**_kwargs: Any) -> None:
    """Share the counters of the worker's processes, before any of them counts."""
    if observability.WORKER_METRICS_ADDRESS:
        metrics_files.share(os.getpid())


MINUTE = 60.0
# Tasks run much more often than needed, so that the next run makes up for a missed one.
app.conf.beat_schedule = {
    "send queued e-mail": {"task": "mail.tasks.deliver", "schedule": 5.0},
    "apply the approval rule": {"task": "portal.tasks.apply_approval_rule", "schedule": MINUTE},
    "fetch pages of channels": {"task": "portal.tasks.fetch_channel_previews", "schedule": MINUTE},
    "update daily roll-ups": {"task": "payouts.tasks.fold_rollups", "schedule": MINUTE},
    "continue order imports": {"task": "shops.tasks.process_order_files", "schedule": MINUTE},
    "process shop events": {"task": "shops.tasks.process_shop_events", "schedule": 5.0},
    "complete orders of shops": {"task": "shops.tasks.complete_shop_orders", "schedule": 30.0},
    "find missed shop events": {"task": "shops.tasks.reconcile_shops", "schedule": 10 * MINUTE},
    "close due months": {"task": "payouts.tasks.close_due_months", "schedule": 5 * MINUTE},
    "check sales targets": {"task": "compliance.tasks.check_targets", "schedule": 10 * MINUTE},
    "apply review deadlines": {"task": "compliance.tasks.enforce_review_deadlines", "schedule": 5 * MINUTE},
    "apply expired notices": {"task": "compliance.tasks.apply_expired_notices", "schedule": 5 * MINUTE},
    "detect signals": {"task": "compliance.tasks.detect_signals", "schedule": 6 * 60 * MINUTE},
    "notify affiliates of new versions": {"task": "agreements.tasks.send_reminders", "schedule": 10 * MINUTE},
    "deliver announcements": {"task": "messaging.tasks.deliver_announcements", "schedule": 30.0},
    "send e-mails about new commissions": {"task": "messaging.tasks.send_sale_emails", "schedule": MINUTE},
    "send weekly summaries": {"task": "messaging.tasks.send_weekly_digests", "schedule": 10 * MINUTE},
    "record clicks left on disk": {"task": "tracking.tasks.record_orphaned_clicks", "schedule": MINUTE},
    "maintain click partitions": {"task": "tracking.tasks.maintain_click_partitions", "schedule": 60 * MINUTE},
    "verify the ledger": {"task": "portal.tasks.verify_ledger", "schedule": 30 * MINUTE},
    "verify acceptances": {"task": "portal.tasks.verify_acceptances", "schedule": 30 * MINUTE},
    "verify roll-ups": {"task": "portal.tasks.verify_rollups", "schedule": 30 * MINUTE},
    "delete data on request": {"task": "portal.tasks.carry_out_erasures", "schedule": 10 * MINUTE},
    "delete retained data": {"task": "portal.tasks.delete_retained_data", "schedule": 60 * MINUTE},
    "send daily staff list": {"task": "portal.tasks.send_daily_lists", "schedule": 30 * MINUTE},
}
