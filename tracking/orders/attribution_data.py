"""Load the data for the attribution of a batch of orders, with one query for any batch size."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from affiliates.models import IN_EFFECT_SQL
from agreements.applicable_version import PublishedVersion
from lib.instants import build_microseconds_sql, parse_microseconds
from lib.text import clean_code, fold_code
from tracking.clicks import click_ids
from tracking.clicks.click_ids import ClickToken
from tracking.orders.attribution import Attribution, AttributionData, CouponAssignment, attribute_order
from tracking.orders.snapshots import Snapshot

# One query for everything: six queries would cost a single order more than the rest of its processing.
_FACTS_SQL = f"""
    WITH assigned AS MATERIALIZED (
        SELECT affiliate_id, key AS code, assigned_from, assigned_until
          FROM tracking_coupon
         WHERE key = ANY(%(codes)s::text[]) AND created_at <= %(known_at)s::timestamptz
    ), owned AS MATERIALIZED (
        SELECT id, affiliate_id FROM tracking_link WHERE id = ANY(%(links)s::uuid[])
    ), involved AS MATERIALIZED (
        SELECT affiliate_id FROM assigned UNION SELECT affiliate_id FROM owned
         UNION SELECT unnest(%(extra_affiliate_ids)s::uuid[])
    )
    SELECT 'coupon' AS kind, NULL::uuid AS id, affiliate_id, code AS text,
           {build_microseconds_sql("assigned_from")} AS since, {build_microseconds_sql("assigned_until")} AS until,
           NULL::int AS number, NULL::int AS days, NULL::bool AS flag FROM assigned
     UNION ALL
    SELECT 'link', id, affiliate_id, NULL, NULL, NULL, NULL, NULL, NULL FROM owned
     UNION ALL
    SELECT 'change', id, affiliate_id, after, {build_microseconds_sql("at")}, NULL, NULL, NULL, breach
      FROM affiliates_statuschange JOIN involved USING (affiliate_id) WHERE {IN_EFFECT_SQL}
     UNION ALL
    SELECT 'acceptance', agreement_id, affiliate_id, NULL,
           {build_microseconds_sql("accepted_at")}, NULL, NULL, NULL, NULL
      FROM agreements_acceptance JOIN involved USING (affiliate_id)
     UNION ALL
    SELECT 'version', id, NULL, currency,
           {build_microseconds_sql("effective_at")}, NULL, number, attribution_days, detriment
      FROM agreements_agreementversion version
     WHERE published_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM agreements_agreementwithdrawal WHERE agreement_id = version.id)
     UNION ALL
    SELECT 'order', NULL, NULL, order_id, NULL, NULL, NULL, NULL, NULL
      FROM tracking_order WHERE order_id = ANY(%(orders)s)
     UNION ALL
    SELECT 'program', NULL, NULL, NULL, NULL,
           {build_microseconds_sql("ends_at")}, NULL, NULL, NULL FROM agreements_program
     UNION ALL
    SELECT 'promotion', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL WHERE EXISTS (SELECT FROM agreements_promotion)
"""  # noqa: S608 -- our own column names


class Fact(NamedTuple):
    """A row of the query; each kind fills some of the columns. Times are in microseconds since 1970."""

    kind: str
    id: UUID
    affiliate_id: UUID
    text: str
    since: int
    until: int | None
    number: int
    days: int
    flag: bool


class StatusChange(NamedTuple):
    """A change of an affiliate's status: the columns that attribution needs."""

    at: datetime
    after: str
    breach: bool


class BatchData(NamedTuple):
    """What the attribution of a batch depends on. Of its orders, `known_orders` have a row.

    `currency` is that of all versions, "" before the first is published.
    """

    facts: AttributionData
    click_tokens: Mapping[str, ClickToken | None]
    known_orders: Collection[str]
    currency: str
    has_promotions: bool

    def attribute(self, snapshots: Iterable[Snapshot]) -> dict[str, Attribution]:
        """Return {order id: attribution} for the snapshots of orders without a row; they may be of the batch only."""
        return {
            s.order_id: _attribute_snapshot(self.facts, s, self.click_tokens.get(s.click_id))
            for s in snapshots
            if s.order_id not in self.known_orders
        }


def attribute_snapshots(snapshots: Iterable[Snapshot], *, known_at: datetime | None = None) -> dict[str, Attribution]:
    """Return {order id: attribution} for the newest snapshots of a batch.

    With `known_at`, from the coupons and status histories that were recorded by then.
    """
    batch = list(snapshots)
    return _load_batch(batch, known_at=known_at).attribute(batch)


def load_new_orders(snapshots: Sequence[Snapshot], *, codes: Collection[str] = ()) -> BatchData:
    """Load the data of a batch whose orders may be new, also for `codes` that replace some of theirs. Locks nothing."""
    return _load_batch(snapshots, codes=codes, orders=[s.order_id for s in snapshots])


def _load_batch(
    batch: Sequence[Snapshot],
    *,
    codes: Collection[str] = (),
    orders: Collection[str] = (),
    known_at: datetime | None = None,
) -> BatchData:
    click_tokens = {s.click_id: click_ids.verify_click_id(s.click_id) for s in batch if s.click_id}
    facts = _fetch_facts(
        {*codes, *(fold_code(code) for s in batch for code in s.coupons)},
        {token.link_id for token in click_tokens.values() if token},
        orders=orders,
        known_at=known_at,
    )
    return BatchData(
        _build_attribution_data(facts),
        click_tokens,
        known_orders={fact.text for fact in facts["order"]},
        currency=next((version.text for version in facts["version"]), ""),
        has_promotions=bool(facts["promotion"]),
    )


def _attribute_snapshot(data: AttributionData, snapshot: Snapshot, click_token: ClickToken | None) -> Attribution:
    coupon = data.pick_coupon(snapshot.coupons, snapshot.placed_at)
    attribution = attribute_order(
        data, coupon=coupon, click_id=snapshot.click_id, click_token=click_token, placed_at=snapshot.placed_at
    )
    return attribution._replace(coupon=clean_code(coupon)) if coupon else attribution


def load_attribution_data(
    codes: set[str], click_tokens: Mapping[str, ClickToken | None], *, extra_affiliate_ids: Collection[UUID] = ()
) -> AttributionData:
    """Load the data for the keys of coupon `codes`, for click tokens by click id and for further affiliates."""
    return _build_attribution_data(
        _fetch_facts(
            codes,
            {token.link_id for token in click_tokens.values() if token},
            extra_affiliate_ids=extra_affiliate_ids,
        )
    )


def _build_attribution_data(facts: Mapping[str, list[Fact]]) -> AttributionData:
    assignments: dict[str, list[CouponAssignment]] = defaultdict(list)
    for fact in facts["coupon"]:
        since, until = (None if moment is None else parse_microseconds(moment) for moment in (fact.since, fact.until))
        assignments[fact.text].append(CouponAssignment(fact.affiliate_id, since, until))
    histories: dict[UUID, list[StatusChange]] = defaultdict(list)
    for fact in sorted(facts["change"], key=lambda change: (change.since, change.id.int)):
        histories[fact.affiliate_id].append(StatusChange(parse_microseconds(fact.since), fact.text, fact.flag))
    acceptances: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for fact in facts["acceptance"]:
        acceptances[fact.affiliate_id][fact.id] = parse_microseconds(fact.since)
    versions = sorted(facts["version"], key=lambda version: (version.since, version.number))
    return AttributionData(
        assignments=assignments,
        link_owners={fact.id: fact.affiliate_id for fact in facts["link"]},
        histories=histories,
        acceptances=acceptances,
        versions=[PublishedVersion(fact.id, parse_microseconds(fact.since), fact.flag) for fact in versions],
        attribution_days={fact.id: fact.days for fact in versions},
        program_ends_at=next(
            (parse_microseconds(fact.until) for fact in facts["program"] if fact.until is not None), None
        ),
    )


def _fetch_facts(
    codes: Collection[str],
    link_ids: Collection[UUID],
    *,
    extra_affiliate_ids: Collection[UUID] = (),
    orders: Collection[str] = (),
    known_at: datetime | None = None,
) -> Mapping[str, list[Fact]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _FACTS_SQL,
            {
                "codes": list(codes),
                "links": list(link_ids),
                "extra_affiliate_ids": list(extra_affiliate_ids),
                "orders": list(orders),
                "known_at": known_at or "infinity",
            },
        )
        facts: dict[str, list[Fact]] = defaultdict(list)
        for fact in map(Fact._make, cursor.fetchall()):
            facts[fact.kind].append(fact)
    return facts
