"""Detection of signals, kept with their evidence for staff; a signal never acts on its own (specification 8)."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from agreements.models import Program
from compliance.models import Signal
from compliance.signals import detectors
from compliance.signals.evidence import LIMITS, get_limits, remove_limits

logger = logging.getLogger(__name__)

DETECTORS = {
    Signal.Kind.SAME_PAYOUT_DETAILS: detectors.detect_same_payout_details,
    Signal.Kind.SELF_PURCHASE: detectors.detect_self_purchase,
    Signal.Kind.CLICK_FLOODING: detectors.detect_click_flooding,
    Signal.Kind.QUICK_ORDERS: detectors.detect_quick_orders,
    Signal.Kind.CONVERSION: detectors.detect_conversion,
    Signal.Kind.UNDECLARED_SITES: detectors.detect_undeclared_sites,
}


def detect_signals(*, now: datetime) -> dict[str, int]:
    """Raise signals of every kind from the last SIGNAL_DAYS and return how many were raised, by kind.

    An affiliate has at most one open signal of a kind. One that staff have closed is not raised again within
    SIGNAL_DAYS, nor ever on the same evidence. A detector that fails stops no other. Before the program is opened no
    signal is raised.
    """
    if not Program.objects.filter(opened_at__lte=now).exists():
        return {}
    since = now - timedelta(days=settings.SIGNAL_DAYS)
    raised = {}
    for kind, detect in DETECTORS.items():
        try:
            with transaction.atomic():
                raised[kind.value] = _create_signals(kind, detect(since=since, now=now), since, now)
        except Exception:
            logger.exception("Signals of kind %s could not be detected.", kind)
    return raised


def _create_signals(
    kind: Signal.Kind, evidence_by_affiliate: Mapping[UUID, dict[str, Any]], since: datetime, now: datetime
) -> int:
    earlier = Signal.objects.filter(kind=kind, affiliate__in=evidence_by_affiliate)
    excluded = set(
        earlier.filter(Q(state=Signal.State.OPEN) | Q(decided_at__gt=since)).values_list("affiliate_id", flat=True)
    )
    seen = [(pk, remove_limits(evidence)) for pk, evidence in earlier.values_list("affiliate_id", "evidence")]
    limits = {LIMITS: get_limits(kind)}
    rows = [
        Signal(affiliate_id=pk, kind=kind, evidence=evidence | limits, raised_at=now)
        for pk, evidence in evidence_by_affiliate.items()
        if pk not in excluded and (pk, evidence) not in seen
    ]
    Signal.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
