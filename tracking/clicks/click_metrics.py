"""Metrics of tracking links (specification 12). A visit only leaves a note; the writer's thread counts many at once."""

from bisect import bisect_left
from collections import Counter, deque
from functools import cache

from prometheus_client import Counter as Metric

from tracking.clicks.responses import RedirectResponse

# A redirect promises 250 ms whatever happens to the database.
LIMITS = (0.01, 0.05, 0.25)
CLASSES = ("0.01", "0.05", "0.25", "more")
# Counted at once if the writer's thread does not come, as while the database hangs.
MAX_PENDING = 2_000

CLICKS = Metric("accord_clicks", "Recorded clicks by kind", ["kind"])
VISITS = Metric("accord_redirects", "Visits of tracking links by status and seconds at most", ["status", "within"])
SECONDS = Metric("accord_redirect_seconds", "Seconds spent on visits of tracking links")


class VisitLog:
    """Visits that are not counted yet."""

    def __init__(self) -> None:
        self._pending: deque[tuple[int, str | None, float]] = deque()

    def add(self, response: RedirectResponse, seconds: float) -> None:
        self._pending.append((response.status, response.row.kind if response.row else None, seconds))
        if len(self._pending) > MAX_PENDING:
            self.count()

    def count(self) -> None:
        """Count the visits into the metrics. May run in several threads at a time."""
        kinds: Counter[str] = Counter()
        visits: Counter[tuple[int, str]] = Counter()
        total = 0.0
        while self._pending:
            try:
                status, kind, seconds = self._pending.popleft()
            except IndexError:  # taken by another thread
                break
            visits[status, CLASSES[bisect_left(LIMITS, seconds)]] += 1
            total += seconds
            if kind is not None:
                kinds[kind] += 1
        for kind, number in kinds.items():
            _get_clicks(kind).inc(number)
        for (status, within), number in visits.items():
            _get_visits(status, within).inc(number)
        if visits:
            SECONDS.inc(total)


# Looking up a child by its labels takes longer than counting.
_get_clicks = cache(CLICKS.labels)
_get_visits = cache(VISITS.labels)
