"""Reading what the sales targets of all affiliates are worked out from: a handful of queries, however many there are."""

from collections import defaultdict
from collections.abc import Collection, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection

from affiliates.models import Affiliate, State, StatusChange
from agreements import applicable_version
from agreements.applicable_version import PublishedVersion, resolve_applicable_version
from agreements.models import AgreementVersion
from compliance.models import TargetPause
from compliance.targets.arithmetic import (
    AT_RISK_DAYS,
    DateRange,
    Span,
    Target,
    TargetResult,
    Window,
    compute_result,
    convert_to_date_ranges,
    merge_date_ranges,
)
from compliance.targets.arithmetic import is_checkable as is_asked


class TargetEvaluation(NamedTuple):
    """Where one affiliate stands: their target with the terms that it comes from, and how many orders count now."""

    affiliate_id: UUID
    agreement: AgreementVersion
    target: Target
    window: Window
    orders: int
    is_checkable: bool
    result: TargetResult


def get_program_day(now: datetime) -> date:
    """The day of `now` in the program's time zone, which is the same in every version (CONTRACT 2)."""
    agreement = AgreementVersion.objects.published().order_by("number").only("time_zone").first()
    return now.astimezone(ZoneInfo(agreement.time_zone if agreement else "UTC")).date()


def evaluate_targets(
    affiliate_ids: Collection[UUID], *, now: datetime, agreement_override: AgreementVersion | None = None
) -> list[TargetEvaluation]:
    """Where each of the affiliates stands at `now`; those without a target, or who never were active, are left out.

    By the version that each is under, or as if all of them were under `agreement_override`.
    """
    targets = _load_targets(affiliate_ids, now, agreement_override)
    counts = _count_orders({pk: target for pk, (_agreement, target) in targets.items()}, now)
    found = []
    for pk, (agreement, target) in targets.items():
        orders, qualifying_order_at = counts.get(pk, (0, None))
        known = target._replace(qualifying_order_at=qualifying_order_at)
        found.append(
            TargetEvaluation(
                pk,
                agreement,
                known,
                known.compute_window(now),
                orders,
                is_asked(known, now),
                compute_result(known, now=now),
            )
        )
    return found


def list_active_affiliates() -> list[UUID]:
    """All affiliates who are active now: nobody else is asked."""
    return list(Affiliate.objects.filter(state=State.ACTIVE).order_by("pk").values_list("pk", flat=True))


def _load_targets(
    affiliate_ids: Collection[UUID], now: datetime, agreement_override: AgreementVersion | None
) -> dict[UUID, tuple[AgreementVersion, Target]]:
    agreements = {agreement.pk: agreement for agreement in AgreementVersion.objects.published()}
    versions, accepted = (
        applicable_version.list_published_versions(),
        applicable_version.get_acceptance_times(affiliate_ids),
    )
    histories, declared = _load_histories(affiliate_ids), _load_declared_pauses()
    found = {}
    for pk in affiliate_ids:
        current = resolve_applicable_version(versions, accepted.get(pk, {}), now).agreement_id
        agreement = (agreement_override or agreements.get(current)) if current else None
        since = next((at for after, at in histories[pk] if after == State.ACTIVE), None)
        if agreement is None or since is None or not agreement.target_orders:
            continue
        zone, until = ZoneInfo(agreement.time_zone), now + timedelta(days=AT_RISK_DAYS + 1)
        spans = [*find_inactive_spans(histories[pk]), *find_unaccepted_spans(versions, accepted.get(pk, {}), until)]
        paused = merge_date_ranges([*convert_to_date_ranges(spans, zone, until), *declared])
        found[pk] = (agreement, Target(agreement.target_orders, agreement.target_days, since, paused, zone, None))
    return found


def _load_histories(affiliate_ids: Collection[UUID]) -> dict[UUID, list[tuple[str, datetime]]]:
    found: dict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    rows = StatusChange.objects.filter(affiliate__in=affiliate_ids).order_by("at", "id")
    for pk, after, at in rows.values_list("affiliate_id", "after", "at"):
        found[pk].append((after, at))
    return found


def _load_declared_pauses() -> list[DateRange]:
    return [DateRange(*row) for row in TargetPause.objects.values_list("starts_on", "ends_on")]


def find_inactive_spans(history: Sequence[tuple[str, datetime]]) -> list[Span]:
    """The times since the first activation at which an affiliate with this history (state, from when) was not active."""
    spans: list[Span] = []
    begun, open_since = False, None
    for after, at in history:
        if after == State.ACTIVE:
            if open_since is not None:
                spans.append(Span(open_since, at))
            begun, open_since = True, None
        elif begun and open_since is None:
            open_since = at
    return spans if open_since is None else [*spans, Span(open_since, None)]


def find_unaccepted_spans(
    versions: Sequence[PublishedVersion], accepted: Mapping[UUID, datetime], until: datetime
) -> list[Span]:
    """The times up to `until` at which a version to the affiliate's detriment was in effect that they had not accepted."""
    if not any(version.detriment for version in versions[1:]):
        return []
    moments = {version.effective_at for version in versions} | set(accepted.values())
    spans: list[Span] = []
    open_since = None
    for moment in sorted(at for at in moments if at <= until):
        paused = resolve_applicable_version(versions, accepted, moment).is_paused
        if paused and open_since is None:
            open_since = moment
        elif not paused and open_since is not None:
            spans.append(Span(open_since, moment))
            open_since = None
    return spans if open_since is None else [*spans, Span(open_since, None)]


def _count_orders(targets: Mapping[UUID, Target], now: datetime) -> dict[UUID, tuple[int, datetime | None]]:
    """For each affiliate with an order in their window: how many count, and when their target-th newest was placed.

    What counts is attributed, not cancelled and not wholly refunded: some line has something left (clause 7.2).
    """
    if not targets:
        return {}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT requested.affiliate, count(*), (array_agg(o.placed_at ORDER BY o.placed_at DESC))[requested.target]
              FROM unnest(%s::uuid[], %s::timestamptz[], %s::int[]) AS requested (affiliate, since, target)
              JOIN tracking_order o ON o.affiliate_id = requested.affiliate
                                   AND o.placed_at >= requested.since AND o.placed_at <= %s
             WHERE o.status <> 'cancelled'
               AND EXISTS (SELECT FROM tracking_orderline line WHERE line.order_id = o.id AND line.refunded < line.amount)
             GROUP BY requested.affiliate, requested.target
            """,
            [
                list(targets),
                [target.compute_window(now).since for target in targets.values()],
                [target.orders for target in targets.values()],
                now,
            ],
        )
        return {pk: (orders, qualifying_order_at) for pk, orders, qualifying_order_at in cursor.fetchall()}
