"""Targets that are certainly met, found by one statement for all affiliates (specification 8).

Most affiliates meet their target, accepted each version in time and were never suspended. Theirs needs no history: the
window and its end are the same for all of them. Everybody else is left to `target_evaluation`, whose result for the
affiliates named here would be the same.
"""

from datetime import date, datetime
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from agreements import applicable_version
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule
from compliance.models import TargetCheck
from compliance.targets.arithmetic import (
    DAY,
    Window,
    compute_window,
    find_latest_window_start,
    merge_date_ranges,
)
from compliance.targets.target_evaluation import load_declared_pauses

# One row for each affiliate: active and nothing else since the first activation, before the window; the first accepted
# version was the newest in effect then, and each later one with a detriment was accepted by its effective date, so that
# the newest version in effect has applied since; and enough orders that no check within 30 days can miss them.
# An order has at least one line (specification 4), so it qualifies unless it has a line without an amount and no other.
_MET = """
    WITH version AS (
        SELECT * FROM unnest(%(versions)s::uuid[], %(effective)s::timestamptz[], %(replaced)s::timestamptz[])
                   AS version (id, effective_at, replaced_at)
    ), acceptance AS (
        SELECT DISTINCT ON (affiliate_id) affiliate_id, agreement_id, accepted_at
          FROM agreements_acceptance
         ORDER BY affiliate_id, accepted_at
    ), activation AS (
        SELECT DISTINCT ON (affiliate_id) affiliate_id, at, id
          FROM affiliates_statuschange
         WHERE after = 'active'
         ORDER BY affiliate_id, at, id
    ), emptied AS MATERIALIZED (
        SELECT DISTINCT line.order_id
          FROM tracking_orderline line
         WHERE line.refunded >= line.amount
           AND NOT EXISTS (SELECT FROM tracking_orderline other
                            WHERE other.order_id = line.order_id AND other.refunded < other.amount)
    ), sold AS (
        SELECT o.affiliate_id, count(*) AS orders, count(*) FILTER (WHERE o.placed_at >= %(latest_since)s) AS lasting
          FROM tracking_order o
         WHERE o.placed_at >= %(since)s AND o.placed_at <= %(now)s AND o.status <> 'cancelled'
           AND NOT EXISTS (SELECT FROM emptied WHERE emptied.order_id = o.id)
         GROUP BY o.affiliate_id
    )
    SELECT affiliate.id AS affiliate_id, sold.orders
      FROM affiliates_affiliate affiliate
      JOIN sold ON sold.affiliate_id = affiliate.id AND sold.lasting >= %(target)s
      JOIN activation ON activation.affiliate_id = affiliate.id
      JOIN acceptance ON acceptance.affiliate_id = affiliate.id
      JOIN version ON version.id = acceptance.agreement_id
                  AND acceptance.accepted_at >= version.effective_at
                  AND (version.replaced_at IS NULL OR acceptance.accepted_at < version.replaced_at)
     WHERE activation.at <= %(since)s
       AND NOT EXISTS (SELECT FROM affiliates_statuschange change
                        WHERE change.affiliate_id = affiliate.id AND change.after <> 'active'
                          AND (change.at, change.id) > (activation.at, activation.id))
       AND NOT EXISTS (
           SELECT FROM unnest(%(detriments)s::uuid[], %(detriments_effective)s::timestamptz[])
                    AS detriment (id, effective_at)
            WHERE detriment.effective_at > acceptance.accepted_at
              AND NOT EXISTS (SELECT FROM agreements_acceptance later
                               WHERE later.affiliate_id = affiliate.id AND later.agreement_id = detriment.id
                                 AND later.accepted_at <= detriment.effective_at))
"""
# Those with a running notice are left to the check that ends it.
_STORE = f"""
    INSERT INTO compliance_targetcheck (affiliate_id, day, checked_at, result, orders, target, window_from, days_paused,
                                        agreement_id, clause)
    SELECT met.affiliate_id, %(day)s, %(now)s, %(result)s, met.orders, %(target)s, %(since)s, %(days_paused)s,
           %(agreement)s, %(clause)s
      FROM ({_MET}) met
     WHERE NOT EXISTS (SELECT FROM compliance_targetnotice notice
                        WHERE notice.affiliate_id = met.affiliate_id AND notice.state = 'running')
    ON CONFLICT (affiliate_id, day) DO NOTHING
"""  # noqa: S608 -- no input in the SQL text


class _Terms(NamedTuple):
    """The version whose target counts for everybody found here, and the window of its check."""

    agreement: AgreementVersion
    window: Window
    values: dict[str, Any]


def store_met_checks(*, day: date, now: datetime) -> int:
    """Store today's check of each active affiliate whose target is certainly met; return how many were stored."""
    terms = _load_terms(now, None)
    if terms is None:
        return 0
    values = {
        "day": day,
        "result": TargetCheck.Result.MET.value,
        "days_paused": terms.window.days_paused,
        "agreement": terms.agreement.pk,
        "clause": get_clause_number(terms.agreement.pk, Rule.SALES_TARGET),
    }
    with connection.cursor() as cursor:
        cursor.execute(_STORE, terms.values | values)
        return int(cursor.rowcount)


def find_met_affiliates(*, now: datetime, agreement_override: AgreementVersion | None = None) -> set[UUID]:
    """Return active affiliates whose target is met at `now` and cannot be missed within 30 days, but not all of them.

    Uses each affiliate's applicable version, or `agreement_override` for all of them.
    """
    terms = _load_terms(now, agreement_override)
    if terms is None:
        return set()
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT affiliate_id FROM ({_MET}) met", terms.values)  # noqa: S608 -- no input in the SQL text
        return {pk for (pk,) in cursor.fetchall()}


def _load_terms(now: datetime, agreement_override: AgreementVersion | None) -> _Terms | None:
    """Return the terms of the newest version in effect at `now`; None if it has no target or there is none."""
    versions = applicable_version.list_published_versions()
    in_effect = [version for version in versions if version.effective_at <= now]
    if not in_effect:
        return None
    agreement = agreement_override or AgreementVersion.objects.get(pk=in_effect[-1].id)
    if not agreement.target_orders:
        return None
    zone, paused = ZoneInfo(agreement.time_zone), merge_date_ranges(load_declared_pauses())
    window = compute_window(moment=now, target_days=agreement.target_days, paused=paused, zone=zone)
    # Where one takes effect later today, today may count as paused. After that, a pause only lengthens the window.
    detriments = [version for version in versions if version.detriment and version.effective_at <= now + DAY]
    replaced = [after.effective_at for _before, after in pairwise(versions)]
    values = {
        "now": now,
        "since": window.since,
        "latest_since": find_latest_window_start(agreement.target_days, paused, zone, now),
        "target": agreement.target_orders,
        "versions": [version.id for version in versions],
        "effective": [version.effective_at for version in versions],
        "replaced": [*replaced, None],
        "detriments": [version.id for version in detriments],
        "detriments_effective": [version.effective_at for version in detriments],
    }
    return _Terms(agreement, window, values)
