"""Targets that are certainly met, found by one statement for all affiliates (specification 8).

Most affiliates meet their target, accepted each version in time and were never suspended. Theirs needs no history: the
window and its end are the same for all of them. Everybody else is left to `target_evaluation`, whose result for the
affiliates named here would be the same.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from itertools import pairwise
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection, transaction
from django.db.backends.utils import CursorWrapper

from affiliates.models import State
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
from compliance.targets.target_evaluation import list_active_affiliates, load_declared_pauses

# One row for each affiliate: active and nothing else since the first activation, before the window; the first accepted
# version was the newest in effect then, and each later one with a detriment was accepted by its effective date, so that
# the newest version in effect has applied since; and enough orders that no check within 30 days can miss them.
# An order has at least one line (specification 4), so it qualifies unless it has a line without an amount and no other:
# those few are counted apart and taken off, so that the scan of all orders looks nothing up. OFFSET and LIMIT have them
# looked up one by one: the planner takes them for a third of all lines.
_COUNTED = """
    count(*) AS orders, count(*) FILTER (WHERE o.placed_at >= %(latest_since)s) AS lasting
"""
_QUALIFYING = "o.placed_at >= %(since)s AND o.placed_at <= %(now)s AND o.status <> 'cancelled'"
_MET = f"""
    WITH version AS (
        SELECT * FROM unnest(%(versions)s::uuid[], %(effective)s::timestamptz[], %(replaced)s::timestamptz[])
                   AS version (id, effective_at, replaced_at)
    ), accepted AS (
        SELECT affiliate_id, min(accepted_at) AS first_at
          FROM agreements_acceptance acceptance
          LEFT JOIN version ON version.id = acceptance.agreement_id
                           AND acceptance.accepted_at >= version.effective_at
                           AND (version.replaced_at IS NULL OR acceptance.accepted_at < version.replaced_at)
         GROUP BY affiliate_id
        HAVING min(accepted_at) = min(accepted_at) FILTER (WHERE version.id IS NOT NULL)
    ), history AS (
        SELECT affiliate_id, min(at) FILTER (WHERE after = 'active') AS active_at,
               max(at) FILTER (WHERE after <> 'active') AS other_at
          FROM affiliates_statuschange
         GROUP BY affiliate_id
    ), emptied AS (
        SELECT o.affiliate_id, {_COUNTED}
          FROM (SELECT DISTINCT order_id FROM tracking_orderline WHERE refunded >= amount) AS line
         CROSS JOIN LATERAL (
               SELECT o.affiliate_id, o.placed_at FROM tracking_order o
                WHERE o.id = line.order_id AND {_QUALIFYING}
                  AND (SELECT true FROM tracking_orderline other
                        WHERE other.order_id = o.id AND other.refunded < other.amount LIMIT 1) IS NULL
               OFFSET 0) AS o
         GROUP BY o.affiliate_id
    ), sold AS (
        SELECT o.affiliate_id, {_COUNTED} FROM tracking_order o WHERE {_QUALIFYING} GROUP BY o.affiliate_id
    )
    SELECT sold.affiliate_id, sold.orders - COALESCE(emptied.orders, 0) AS orders
      FROM sold
      LEFT JOIN emptied ON emptied.affiliate_id = sold.affiliate_id
      JOIN history ON history.affiliate_id = sold.affiliate_id
      JOIN accepted ON accepted.affiliate_id = sold.affiliate_id
     WHERE sold.lasting - COALESCE(emptied.lasting, 0) >= %(target)s
       AND history.active_at <= %(since)s
       AND (history.other_at IS NULL OR history.other_at < history.active_at
            OR (history.other_at = history.active_at AND NOT EXISTS (
                SELECT FROM affiliates_statuschange change
                 WHERE change.affiliate_id = history.affiliate_id AND change.at = history.active_at
                   AND change.after <> 'active'
                   AND change.id > (SELECT activation.id FROM affiliates_statuschange activation
                                     WHERE activation.affiliate_id = history.affiliate_id
                                       AND activation.at = history.active_at AND activation.after = 'active'
                                     ORDER BY activation.id LIMIT 1))))
       AND NOT EXISTS (
           SELECT FROM unnest(%(detriments)s::uuid[], %(detriments_effective)s::timestamptz[])
                    AS detriment (id, effective_at)
            WHERE detriment.effective_at > accepted.first_at
              AND NOT EXISTS (SELECT FROM agreements_acceptance later
                               WHERE later.affiliate_id = accepted.affiliate_id AND later.agreement_id = detriment.id
                                 AND later.accepted_at <= detriment.effective_at))
"""  # noqa: S608 -- no input in the SQL text
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
_UNCERTAIN = f"""
    SELECT id FROM affiliates_affiliate WHERE state = %(active)s AND id NOT IN (SELECT affiliate_id FROM ({_MET}) met)
     ORDER BY id
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
    with _open_cursor() as cursor:
        cursor.execute(_STORE, terms.values | values)
        return int(cursor.rowcount)


def list_uncertain_affiliates(*, now: datetime, agreement_override: AgreementVersion | None = None) -> list[UUID]:
    """Return the active affiliates, but for those whose target is met at `now` and certainly for 30 days.

    Uses each affiliate's applicable version, or `agreement_override` for all of them.
    """
    terms = _load_terms(now, agreement_override)
    if terms is None:
        return list_active_affiliates()
    with _open_cursor() as cursor:
        cursor.execute(_UNCERTAIN, terms.values | {"active": State.ACTIVE.value})
        return [pk for (pk,) in cursor.fetchall()]


@contextmanager
def _open_cursor() -> Iterator[CursorWrapper]:
    """Yield a cursor whose statements group all affiliates in memory; PostgreSQL's default is too small for 100,000."""
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("SET LOCAL work_mem = '64MB'")
        yield cursor


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
