"""Evaluation of the sales targets of all affiliates, with a fixed number of queries."""

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
from compliance.targets import arithmetic
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


class TargetEvaluation(NamedTuple):
    """One affiliate's target and result, with the version that it comes from and the number of qualifying orders."""

    affiliate_id: UUID
    agreement: AgreementVersion
    target: Target
    window: Window
    orders: int
    is_checkable: bool
    result: TargetResult


def get_program_day(now: datetime) -> date:
    """Return the day of `now` in the program's time zone, which is the same in every version (specification 2)."""
    agreement = AgreementVersion.objects.published().order_by("number").only("time_zone").first()
    return now.astimezone(ZoneInfo(agreement.time_zone if agreement else "UTC")).date()


def evaluate_targets(
    affiliate_ids: Collection[UUID], *, now: datetime, agreement_override: AgreementVersion | None = None
) -> list[TargetEvaluation]:
    """Evaluate the targets of affiliates at `now`, without those who have no target or were never active.

    Uses each affiliate's applicable version, or `agreement_override` for all of them.
    """
    targets = _load_targets(affiliate_ids, now, agreement_override)
    counts = _count_orders({pk: target for pk, (_agreement, target) in targets.items()}, now)
    evaluations = []
    for pk, (agreement, terms) in targets.items():
        orders, qualifying_order_at = counts.get(pk, (0, None))
        target = terms._replace(qualifying_order_at=qualifying_order_at)
        evaluations.append(
            TargetEvaluation(
                affiliate_id=pk,
                agreement=agreement,
                target=target,
                window=target.compute_window(now),
                orders=orders,
                is_checkable=arithmetic.is_checkable(target, now),
                result=compute_result(target, now=now),
            )
        )
    return evaluations


def list_active_affiliates() -> list[UUID]:
    """Return the affiliates who are active now; only they are checked."""
    return list(Affiliate.objects.filter(state=State.ACTIVE).order_by("pk").values_list("pk", flat=True))


def _load_targets(
    affiliate_ids: Collection[UUID], now: datetime, agreement_override: AgreementVersion | None
) -> dict[UUID, tuple[AgreementVersion, Target]]:
    agreements = {agreement.pk: agreement for agreement in AgreementVersion.objects.published()}
    versions = applicable_version.list_published_versions()
    accepted = applicable_version.get_acceptance_times(affiliate_ids)
    histories, declared = _load_histories(affiliate_ids), load_declared_pauses()
    targets = {}
    for pk in affiliate_ids:
        current = resolve_applicable_version(versions, accepted.get(pk, {}), now).agreement_id
        agreement = (agreement_override or agreements.get(current)) if current else None
        since = next((at for after, at in histories[pk] if after == State.ACTIVE), None)
        if agreement is None or since is None or not agreement.target_orders:
            continue
        zone, until = ZoneInfo(agreement.time_zone), now + timedelta(days=AT_RISK_DAYS + 1)
        spans = [*find_inactive_spans(histories[pk]), *find_unaccepted_spans(versions, accepted.get(pk, {}), until)]
        paused = merge_date_ranges([*convert_to_date_ranges(spans, zone, until), *declared])
        targets[pk] = (agreement, Target(agreement.target_orders, agreement.target_days, since, paused, zone, None))
    return targets


def _load_histories(affiliate_ids: Collection[UUID]) -> dict[UUID, list[tuple[str, datetime]]]:
    histories: dict[UUID, list[tuple[str, datetime]]] = defaultdict(list)
    rows = StatusChange.objects.filter(affiliate__in=affiliate_ids).order_by("at", "id")
    for pk, after, at in rows.values_list("affiliate_id", "after", "at"):
        histories[pk].append((after, at))
    return histories


def load_declared_pauses() -> list[DateRange]:
    return [DateRange(*row) for row in TargetPause.objects.values_list("starts_on", "ends_on")]


def find_inactive_spans(history: Sequence[tuple[str, datetime]]) -> list[Span]:
    """Return when an affiliate was not active since the first activation; `history` holds states and their starts."""
    spans: list[Span] = []
    was_active, open_since = False, None
    for after, at in history:
        if after == State.ACTIVE:
            if open_since is not None:
                spans.append(Span(open_since, at))
            was_active, open_since = True, None
        elif was_active and open_since is None:
            open_since = at
    return spans if open_since is None else [*spans, Span(open_since, None)]


def find_unaccepted_spans(
    versions: Sequence[PublishedVersion], accepted: Mapping[UUID, datetime], until: datetime
) -> list[Span]:
    """Return when, up to `until`, a version with a detriment was in effect that the affiliate had not accepted."""
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
    """Return, by affiliate, how many orders in the window qualify and when the target-th newest of them was placed.

    Qualifying orders are attributed, not cancelled and not wholly refunded: some line has an amount left (clause 7.2).
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
               AND EXISTS (SELECT FROM tracking_orderline line
                            WHERE line.order_id = o.id AND line.refunded < line.amount)
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
