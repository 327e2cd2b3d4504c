"""Signals (CONTRACT 8): looked for every day, kept with their evidence for staff, never acting by themselves."""

import logging
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction
from django.db.models import Q

from compliance.models import Signal
from compliance.signals import detectors

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
    """Look for every kind of signal in the last SIGNAL_DAYS; how many of each were raised.

    One open signal an affiliate and kind. What staff have dealt with is not raised again within SIGNAL_DAYS, nor ever on
    the same evidence. A kind that fails stops no other.
    """
    since = now - timedelta(days=settings.SIGNAL_DAYS)
    raised = {}
    for kind, detect in DETECTORS.items():
        try:
            with transaction.atomic():
                raised[kind.value] = _create_signals(kind, detect(since=since, now=now), since, now)
        except Exception:
            logger.exception("Signals of the kind %s could not be looked for.", kind)
    return raised


def _create_signals(kind: Signal.Kind, found: Mapping[UUID, dict[str, Any]], since: datetime, now: datetime) -> int:
    earlier = Signal.objects.filter(kind=kind, affiliate__in=found)
    quiet = set(
        earlier.filter(Q(state=Signal.State.OPEN) | Q(decided_at__gt=since)).values_list("affiliate_id", flat=True)
    )
    seen = list(earlier.values_list("affiliate_id", "evidence"))
    rows = [
        Signal(affiliate_id=pk, kind=kind, evidence=evidence, raised_at=now)
        for pk, evidence in found.items()
        if pk not in quiet and (pk, evidence) not in seen
    ]
    Signal.objects.bulk_create(rows, ignore_conflicts=True)
    return len(rows)
