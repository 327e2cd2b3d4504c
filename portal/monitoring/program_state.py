"""Metrics that are read when Prometheus asks: what waits, what is late, and what has gone silent (specification 12)."""

import logging
import threading
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta

from django.conf import settings
from django.db import DatabaseError, InterfaceError, connection, transaction
from django.db.models import Count, Min, Sum
from django.utils import timezone
from prometheus_client import Metric
from prometheus_client.core import GaugeMetricFamily
from prometheus_client.registry import Collector

from mail.models import Message
from portal import scheduled_tasks
from shops.connectors import checklist
from shops.models import Reject, ShopEvent
from tracking.clicks.spool_file import SUFFIX
from tracking.models import ClickLoss

STATEMENT_SECONDS = 3
LOSS_PERIOD = timedelta(days=1)
CONNECTION_LABELS = ("connection", "platform")

log = logging.getLogger(__name__)


class StateCollector(Collector):
    """Reads the state of the program with a handful of statements; only `accord_database_up` if that fails."""

    def __init__(self) -> None:
        self._reading = threading.Lock()

    def collect(self) -> Iterator[Metric]:
        yield build_gauge("accord_spool_bytes", "Clicks on the disk of this machine", measure_spool())
        metrics: list[Metric] = []
        # One at a time: a database that hangs must not take one thread after the other.
        if self._reading.acquire(blocking=False):
            try:
                metrics = _read_database(timezone.now())
            except (DatabaseError, InterfaceError) as error:
                log.warning("PostgreSQL is unavailable: %s", error)
            finally:
                self._reading.release()
        yield build_gauge("accord_database_up", "Whether the database could be read", 1 if metrics else 0)
        yield from metrics


def build_gauge(name: str, meaning: str, value: float) -> GaugeMetricFamily:
    return GaugeMetricFamily(name, meaning, value=value)


def measure_spool() -> int:
    """Return the bytes of clicks that are on disk because the database could not take them."""
    sizes = 0
    for path in settings.CLICK_SPOOL_DIR.glob(f"*{SUFFIX}"):
        try:
            sizes += path.stat().st_size
        except OSError:
            continue  # drained in the meantime
    return sizes


def _read_database(now: datetime) -> list[Metric]:
    _close_connection()
    try:
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute(f"SET LOCAL statement_timeout = '{STATEMENT_SECONDS}s'")
            return [*read_outbox(now), *read_tasks(now), *read_orders(now), *read_connections(now)]
    finally:
        _close_connection()


def _close_connection() -> None:
    # Django closes those of requests only, and keeps them for a while.
    if not connection.in_atomic_block:
        connection.close()


def get_age(now: datetime, at: datetime | None) -> float:
    return 0.0 if at is None else max(0.0, (now - at).total_seconds())


def read_outbox(now: datetime) -> Iterable[Metric]:
    """Return the number and the age of queued e-mails."""
    waiting = Message.objects.filter(state=Message.State.WAITING).aggregate(Count("pk"), Min("created_at"))
    yield build_gauge("accord_outbox_waiting", "Queued e-mails", waiting["pk__count"])
    age = get_age(now, waiting["created_at__min"])
    yield build_gauge("accord_outbox_oldest_seconds", "Age of the oldest queued e-mail", age)


def read_tasks(now: datetime) -> Iterable[Metric]:
    """Return how late each scheduled task is, and whether it is disabled."""
    late = GaugeMetricFamily("accord_task_late_seconds", "How late a scheduled task is", labels=["task"])
    disabled = GaugeMetricFamily("accord_task_disabled", "Whether a task was disabled after failures", labels=["task"])
    for status in scheduled_tasks.list_task_statuses(now):
        task = status.task
        if task is None:
            continue
        due = (task.last_success_at or task.first_run_at) + status.every
        late.add_metric([status.name], get_age(now, due))
        disabled.add_metric([status.name], float(task.disabled_at is not None))
    return late, disabled


def read_orders(now: datetime) -> Iterable[Metric]:
    """Return the number of open rejects and of clicks lost in a day."""
    rejects = Reject.objects.filter(state=Reject.State.OPEN).aggregate(Count("pk"), Min("received_at"))
    yield build_gauge("accord_rejects_open", "Rejected orders that wait for staff", rejects["pk__count"])
    age = get_age(now, rejects["received_at__min"])
    yield build_gauge("accord_rejects_oldest_seconds", "Age of the oldest open reject", age)
    lost = ClickLoss.objects.filter(recorded_at__gte=now - LOSS_PERIOD).aggregate(Sum("count"))["count__sum"]
    yield build_gauge("accord_clicks_lost_in_a_day", "Clicks lost in the last 24 hours", lost or 0)


def read_connections(now: datetime) -> Iterable[Metric]:
    """Return when each shop connection last sent an event, whether it is silent, and what waits."""
    last = GaugeMetricFamily(
        "accord_connection_last_event_seconds", "Seconds since the last event of a shop", labels=CONNECTION_LABELS
    )
    silent = GaugeMetricFamily(
        "accord_connection_silent", "Whether a shop sends less than it used to", labels=CONNECTION_LABELS
    )
    waiting = GaugeMetricFamily(
        "accord_connection_events_waiting", "Events of a shop to process", labels=CONNECTION_LABELS
    )
    quiet = {one.connection.pk for one in checklist.list_silent(now=now)}
    events = ShopEvent.objects.filter(state=ShopEvent.State.WAITING).order_by()
    numbers = dict(events.values_list("connection").annotate(Count("pk")))
    for one, last_event_at in checklist.list_last_events().values():
        labels = [one.name, one.platform]
        if last_event_at is not None:
            last.add_metric(labels, get_age(now, last_event_at))
        silent.add_metric(labels, float(one.pk in quiet))
        waiting.add_metric(labels, numbers.get(one.pk, 0))
    return last, silent, waiting
