"""The Celery app and the whole beat schedule. Celery wakes; the database remembers (DESIGN 2.5)."""

import os

from celery import Celery

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

# Each task writes to the database when it was asked and what became of it.
app = Celery("accord", task_cls="portal.asking:Asked")
app.config_from_object("django.conf:settings", namespace="CELERY")
app.autodiscover_tasks()

MINUTE = 60.0
# Every question is asked far more often than its answer changes: a missed tick heals itself at the next.
app.conf.beat_schedule = {
    "deliver the mail that waits": {"task": "mail.tasks.deliver", "schedule": 5.0},
    "fold the daily roll-ups": {"task": "payouts.tasks.fold_rollups", "schedule": MINUTE},
    "finish imports of orders": {"task": "shops.tasks.keep_order_files_going", "schedule": MINUTE},
    "close the months that are due": {"task": "payouts.tasks.close_due_months", "schedule": 5 * MINUTE},
    "ask the sales targets": {"task": "compliance.tasks.check_targets", "schedule": 10 * MINUTE},
    "keep the deadlines of reviews": {"task": "compliance.tasks.keep_review_deadlines", "schedule": 5 * MINUTE},
    "carry out notices that have run off": {"task": "compliance.tasks.carry_out_notices", "schedule": 5 * MINUTE},
    "look for signals": {"task": "compliance.tasks.look_for_signals", "schedule": 6 * 60 * MINUTE},
    "tell affiliates of new versions": {"task": "agreements.tasks.remind", "schedule": 10 * MINUTE},
    "record clicks left on disk": {"task": "tracking.tasks.record_clicks_left_behind", "schedule": MINUTE},
    "keep the months of clicks": {"task": "tracking.tasks.keep_months", "schedule": 60 * MINUTE},
    "prove the ledger of the night": {"task": "portal.tasks.verify_ledger", "schedule": 30 * MINUTE},
    "prove the acceptances of the night": {"task": "portal.tasks.verify_acceptances", "schedule": 30 * MINUTE},
    "prove the roll-ups of the night": {"task": "portal.tasks.verify_rollups", "schedule": 30 * MINUTE},
    "tell staff what waits": {"task": "portal.tasks.tell_staff", "schedule": 30 * MINUTE},
}
