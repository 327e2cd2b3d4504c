"""Reports of abuse by the public (CONTRACT 8): kept as signals for staff, never acting by themselves."""

import re
from datetime import datetime, timedelta

from django.conf import settings
from django.core.cache import cache
from django.db import transaction
from redis.exceptions import RedisError

from affiliates.models import Affiliate
from compliance.models import AbuseReport, Signal
from tracking.clicks.requests import truncate_address
from tracking.models import Coupon, Link

HOUR = timedelta(hours=1)
# Without the cache nobody's address is known: then all reports of an hour together are limited, more widely.
GLOBAL_LIMIT_FACTOR = 20
_CODE = re.compile(r"(?:.*/r/)?([A-Za-z0-9._-]{1,64})(?:[?#].*)?\Z", re.ASCII | re.DOTALL)


def is_report_allowed(*, address: str, now: datetime) -> bool:
    """Whether one more report is taken from the network of `address` in this hour; also answers while the cache is away."""
    key = f"abuse-reports:{truncate_address(address)}:{now:%Y%m%d%H}"
    most: int = settings.ABUSE_REPORTS_PER_HOUR
    try:
        cache.add(key, 0, timeout=int(HOUR.total_seconds()))
        return cache.incr(key) <= most
    except (RedisError, OSError, ValueError):
        since = Signal.objects.filter(kind=Signal.Kind.ABUSE_REPORT, raised_at__gt=now - HOUR)
        return since.count() < most * GLOBAL_LIMIT_FACTOR


@transaction.atomic
def submit_report(*, page_url: str, link_or_coupon: str, text: str, email: str, now: datetime) -> Signal:
    """Keep a report as a signal, with the affiliate whose link or coupon it names, where that can be told."""
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
    """The affiliate whose tracking link (its address or code) or coupon `text` is; None for anything else."""
    found = _CODE.match(text.strip())
    if found is None:
        return None
    code = found[1]
    link = Link.objects.filter(code=code).select_related("affiliate").first()
    if link is not None:
        return link.affiliate
    coupons = Coupon.objects.filter(code__iexact=code).select_related("affiliate")
    coupon = coupons.filter(assigned_until=None).first() or coupons.order_by("-assigned_until").first()
    return coupon.affiliate if coupon else None
