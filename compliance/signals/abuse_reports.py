"""Abuse reports from the public, kept as signals for staff (specification 8)."""

import re
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from affiliates.models import Affiliate
from compliance.models import AbuseReport, Signal
from lib.text import clean_code, fold_code
from tracking.clicks.requests import truncate_address
from tracking.links.own_names import find_link
from tracking.models import Coupon

HOUR = timedelta(hours=1)
# Without the cache, reports cannot be counted by network; the fallback limits all reports of an hour together.
GLOBAL_LIMIT_FACTOR = 20
_CODE = re.compile(r"(?:.*/r/)?([A-Za-z0-9._-]{1,64})(?:[?#].*)?\Z", re.ASCII | re.DOTALL)


def is_report_allowed(*, address: str, now: datetime) -> bool:
    """Return whether the network of `address` may send another report in this hour; works without the cache, too."""
    key = f"abuse-reports:{truncate_address(address)}:{now:%Y%m%d%H}"
    limit: int = settings.ABUSE_REPORTS_PER_HOUR
    try:
        cache.add(key, 0, timeout=int(HOUR.total_seconds()))
        return cache.incr(key) <= limit
    except (RedisError, OSError, ValueError):
        since = Signal.objects.filter(kind=Signal.Kind.ABUSE_REPORT, raised_at__gt=now - HOUR)
        return since.count() < limit * GLOBAL_LIMIT_FACTOR


@transaction.atomic
def submit_report(*, page_url: str, link_or_coupon: str, text: str, email: str, now: datetime) -> Signal:
    """Store a report as a signal, with the affiliate whose link or coupon it names, if it can be identified."""
    affiliate = find_affiliate(link_or_coupon) or find_affiliate(page_url)
    signal = Signal.objects.create(
        affiliate=affiliate,
        kind=Signal.Kind.ABUSE_REPORT,
        raised_at=now,
        evidence={"page_url": page_url, "link_or_coupon": link_or_coupon},
    )
    AbuseReport.objects.create(signal=signal, page_url=page_url, link_or_coupon=link_or_coupon, text=text, email=email)
    return signal


def find_affiliate(text: str) -> Affiliate | None:
    """Return the affiliate whose tracking link (URL, code or name) or coupon code `text` is, or None."""
    match = _CODE.match(clean_code(text))
    link = find_link(match[1]) if match else None
    if link is not None:
        return link.affiliate
    coupons = Coupon.objects.filter(key=fold_code(text)).select_related("affiliate")
    coupon = coupons.filter(assigned_until=None).first() or coupons.order_by("-assigned_until").first()
    return coupon.affiliate if coupon else None
