"""Set-based detectors of signals, each returning JSON evidence by affiliate (specification 8).

None of them proves a breach (a family may share a bank account, a company a network); they show staff where to look.
"""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import connection

from affiliates.models import Affiliate
from agreements.models import Program
from compliance.signals.declared_sites import is_declared, load_declared_sites, normalize_host
from tracking.orders.snapshots import Reader

EvidenceByAffiliate = dict[UUID, dict[str, Any]]


def detect_same_payout_details(*, since: datetime, now: datetime) -> EvidenceByAffiliate:
    """Find affiliates whose newest payout details are also those of another participating affiliate."""
    rows = _fetch_rows(
        """
        WITH newest AS (
            SELECT DISTINCT ON (d.affiliate_id) d.affiliate_id, d.fingerprint, d.masked, a.code
              FROM payouts_payoutdetails d JOIN affiliates_affiliate a ON a.id = d.affiliate_id
             WHERE a.state NOT IN ('terminated', 'rejected') AND d.entered_at <= %s
             ORDER BY d.affiliate_id, d.entered_at DESC, d.id DESC)
        SELECT affiliate_id, masked, codes FROM newest JOIN (
            SELECT fingerprint, array_agg(code::text ORDER BY code) AS codes FROM newest
             GROUP BY fingerprint HAVING count(*) >= %s) shared USING (fingerprint)
        """,
        [now, settings.SIGNAL_SAME_PAYOUT_DETAILS],
    )
    return {pk: {"account": masked, "affiliates": codes} for pk, masked, codes in rows}


def detect_self_purchase(*, since: datetime, now: datetime) -> EvidenceByAffiliate:
    """Find affiliates with orders whose customer reference is their own e-mail address or code."""
    affiliates = Affiliate.objects.filter(orders__placed_at__gte=since, orders__placed_at__lte=now).distinct()
    reader = Reader(currency="", now=now, key=settings.PERSONAL_HASH_KEY)
    owners: list[UUID] = []
    hashes: list[str] = []
    for pk, email, code in affiliates.values_list("pk", "user__email", "code"):
        for reference in {email, email.lower(), code}:
            owners.append(pk)
            hashes.append(reader.hash_reference(reference))
    rows = _fetch_rows(
        """
        SELECT o.affiliate_id, count(DISTINCT o.id),
               (array_agg(DISTINCT o.order_id::text ORDER BY o.order_id::text))[:20]
          FROM unnest(%s::uuid[], %s::text[]) AS own (affiliate, hash)
          JOIN tracking_order o ON o.affiliate_id = own.affiliate AND o.customer_hash = own.hash
         WHERE o.placed_at BETWEEN %s AND %s
         GROUP BY o.affiliate_id HAVING count(DISTINCT o.id) >= %s
        """,
        [owners, hashes, since, now, settings.SIGNAL_SELF_PURCHASES],
    )
    return {pk: {"orders": count, "examples": orders} for pk, count, orders in rows}


def detect_click_flooding(*, since: datetime, now: datetime) -> EvidenceByAffiliate:
    """Find affiliates with too many clicks from one network on one day (UTC), counted or not."""
    rows = _fetch_rows(
        """
        SELECT l.affiliate_id, c.address, (c.at AT TIME ZONE 'UTC')::date::text, count(*)
          FROM tracking_click c JOIN tracking_link l ON l.id = c.link_id
         WHERE c.at BETWEEN %s AND %s AND c.kind IN ('counted', 'flood') AND c.address <> ''
         GROUP BY 1, 2, 3 HAVING count(*) >= %s ORDER BY count(*)
        """,
        [since, now, settings.SIGNAL_CLICKS_FROM_ONE_NETWORK],
    )
    # Rows are in ascending order, so each affiliate keeps the largest number of clicks.
    return {pk: {"network": network, "day": day, "clicks": clicks} for pk, network, day, clicks in rows}


def detect_quick_orders(*, since: datetime, now: datetime) -> EvidenceByAffiliate:
    """Find affiliates with several orders that were placed too soon after their click."""
    rows = _fetch_rows(
        """
        SELECT affiliate_id, count(*), (array_agg(order_id::text ORDER BY order_id))[:20]
          FROM tracking_order
         WHERE affiliate_id IS NOT NULL AND placed_at BETWEEN %s AND %s
           AND clicked_at IS NOT NULL AND placed_at - clicked_at < make_interval(secs => %s)
         GROUP BY 1 HAVING count(*) >= %s
        """,
        [since, now, settings.SIGNAL_QUICK_ORDER_SECONDS, settings.SIGNAL_QUICK_ORDERS],
    )
    return {
        pk: {"orders": count, "within_seconds": settings.SIGNAL_QUICK_ORDER_SECONDS, "examples": orders}
        for pk, count, orders in rows
    }


def detect_conversion(*, since: datetime, now: datetime) -> EvidenceByAffiliate:
    """Find affiliates whose conversion rate is far too high, or who have very many clicks and no order."""
    rows = _fetch_rows(
        """
        WITH clicks AS (SELECT l.affiliate_id, count(*) AS clicks
                          FROM tracking_click c JOIN tracking_link l ON l.id = c.link_id
                         WHERE c.at BETWEEN %(since)s AND %(now)s AND c.kind = 'counted' GROUP BY 1),
             orders AS (SELECT affiliate_id, count(*) AS orders FROM tracking_order
                         WHERE affiliate_id IS NOT NULL AND clicked_at BETWEEN %(since)s AND %(now)s GROUP BY 1)
        SELECT affiliate_id, clicks, coalesce(orders, 0) FROM clicks LEFT JOIN orders USING (affiliate_id)
         WHERE (clicks >= %(least)s AND coalesce(orders, 0) * 100 >= clicks * %(percent)s)
            OR (clicks >= %(without)s AND orders IS NULL)
        """,
        {
            "since": since,
            "now": now,
            "least": settings.SIGNAL_CONVERSION_CLICKS,
            "percent": settings.SIGNAL_CONVERSION_PERCENT,
            "without": settings.SIGNAL_CLICKS_WITHOUT_ORDER,
        },
    )
    return {pk: {"clicks": clicks, "orders": orders} for pk, clicks, orders in rows}


def detect_undeclared_sites(*, since: datetime, now: datetime) -> EvidenceByAffiliate:
    """Find affiliates with many clicks from sites that belong to none of their channels."""
    rows = _fetch_rows(
        """
        SELECT l.affiliate_id, lower(c.referrer_host), count(*)
          FROM tracking_click c JOIN tracking_link l ON l.id = c.link_id
         WHERE c.at BETWEEN %s AND %s AND c.kind = 'counted' AND c.referrer_host <> ''
         GROUP BY 1, 2 HAVING count(*) >= %s ORDER BY count(*) DESC
        """,
        [since, now, settings.SIGNAL_UNDECLARED_CLICKS],
    )
    declared = load_declared_sites({pk for pk, _host, _clicks in rows})
    shop = {normalize_host(host) for hosts in Program.objects.values_list("shop_hosts", flat=True) for host in hosts}
    undeclared: dict[UUID, dict[str, int]] = defaultdict(dict)
    for pk, host, clicks in rows:
        if not is_declared(host, declared[pk] | shop):
            undeclared[pk][host] = clicks
    return {pk: {"clicks_by_site": hosts} for pk, hosts in undeclared.items()}


def _fetch_rows(sql: str, values: Sequence[Any] | dict[str, Any]) -> list[Any]:
    with connection.cursor() as cursor:
        cursor.execute(sql, values)
        return list(cursor.fetchall())
