"""Reads what attribution needs for a batch of orders: one query, whatever the batch's size."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from agreements.under import Version
from lib.instants import instant, microseconds
from tracking.clicks import click_ids
from tracking.clicks.click_ids import Receipt
from tracking.orders.attribution import Attribution, Binding, Claims, attribute
from tracking.orders.snapshots import Snapshot

# One question for all of it: six cost a single order more than everything else that is done with it.
_FACTS = f"""
    WITH bound AS MATERIALIZED (
        SELECT affiliate_id, UPPER(code) AS code, bound_from, bound_until
          FROM tracking_coupon WHERE UPPER(code) = ANY(%(codes)s::text[])
    ), owned AS MATERIALIZED (
        SELECT id, affiliate_id FROM tracking_link WHERE id = ANY(%(links)s::uuid[])
    ), people AS MATERIALIZED (
        SELECT affiliate_id FROM bound UNION SELECT affiliate_id FROM owned UNION SELECT unnest(%(also)s::uuid[])
    )
    SELECT 'coupon' AS kind, NULL::uuid AS id, affiliate_id, code AS text,
           {microseconds("bound_from")} AS since, {microseconds("bound_until")} AS until,
           NULL::int AS number, NULL::int AS days, NULL::bool AS flag FROM bound
     UNION ALL
    SELECT 'link', id, affiliate_id, NULL, NULL, NULL, NULL, NULL, NULL FROM owned
     UNION ALL
    SELECT 'change', id, affiliate_id, after, {microseconds("at")}, NULL, NULL, NULL, breach
      FROM affiliates_standingchange JOIN people USING (affiliate_id)
     UNION ALL
    SELECT 'acceptance', agreement_id, affiliate_id, NULL, {microseconds("accepted_at")}, NULL, NULL, NULL, NULL
      FROM agreements_acceptance JOIN people USING (affiliate_id)
     UNION ALL
    SELECT 'version', id, NULL, NULL, {microseconds("effective_at")}, NULL, number, attribution_days, detriment
      FROM agreements_agreement version
     WHERE published_at IS NOT NULL
       AND NOT EXISTS (SELECT FROM agreements_agreementwithdrawal WHERE agreement_id = version.id)
     UNION ALL
    SELECT 'order', NULL, NULL, order_id, NULL, NULL, NULL, NULL, NULL FROM tracking_order WHERE order_id = ANY(%(orders)s)
     UNION ALL
    SELECT 'program', NULL, NULL, NULL, NULL, {microseconds("ends_at")}, NULL, NULL, NULL FROM agreements_program
"""  # noqa: S608 -- our own column names


class Fact(NamedTuple):
    """One row of what attribution needs to know; each kind fills what it has. Moments are in microseconds since 1970."""

    id: UUID
    affiliate_id: UUID
    text: str
    since: int
    until: int | None
    number: int
    days: int
    flag: bool


class Change(NamedTuple):
    """A change of an affiliate's state, as far as attribution asks for it."""

    at: datetime
    after: str
    breach: bool


def attributions(snapshots: Iterable[Snapshot]) -> dict[str, Attribution]:
    """{order id: whose it is} for the newest snapshots of a batch."""
    return _attributions(list(snapshots), orders=())


def attributions_of_new(snapshots: Iterable[Snapshot]) -> dict[str, Attribution]:
    """{order id: whose it is} of those that have no row yet; locks nothing."""
    batch = list(snapshots)
    return _attributions(batch, orders=[s.order_id for s in batch])


def _attributions(batch: Sequence[Snapshot], *, orders: Collection[str]) -> dict[str, Attribution]:
    receipts = {s.click_id: click_ids.read(s.click_id) for s in batch if s.click_id}
    codes = {s.coupon.upper() for s in batch if s.coupon}
    facts = _facts(codes, {receipt.link_id for receipt in receipts.values() if receipt}, orders=orders)
    claims, known = _claims(facts), {fact.text for fact in facts["order"]}
    return {
        s.order_id: attribute(
            claims, coupon=s.coupon, click_id=s.click_id, receipt=receipts.get(s.click_id), placed_at=s.placed_at
        )
        for s in batch
        if s.order_id not in known
    }


def read(codes: set[str], receipts: Mapping[str, Receipt | None], *, also: Collection[UUID] = ()) -> Claims:
    """The claims that coupon `codes` (in capitals) and click `receipts` can make, and the histories of affiliates `also`."""
    return _claims(_facts(codes, {receipt.link_id for receipt in receipts.values() if receipt}, also=also))


def _claims(facts: Mapping[str, list[Fact]]) -> Claims:
    bindings: dict[str, list[Binding]] = defaultdict(list)
    for fact in facts["coupon"]:
        since, until = (None if moment is None else instant(moment) for moment in (fact.since, fact.until))
        bindings[fact.text].append(Binding(fact.affiliate_id, since, until))
    histories: dict[UUID, list[Change]] = defaultdict(list)
    for fact in sorted(facts["change"], key=lambda change: (change.since, change.id.int)):
        histories[fact.affiliate_id].append(Change(instant(fact.since), fact.text, fact.flag))
    acceptances: dict[UUID, dict[UUID, datetime]] = defaultdict(dict)
    for fact in facts["acceptance"]:
        acceptances[fact.affiliate_id][fact.id] = instant(fact.since)
    versions = sorted(facts["version"], key=lambda version: (version.since, version.number))
    return Claims(
        bindings=bindings,
        link_owners={fact.id: fact.affiliate_id for fact in facts["link"]},
        histories=histories,
        acceptances=acceptances,
        versions=[Version(fact.id, instant(fact.since), fact.flag) for fact in versions],
        attribution_days={fact.id: fact.days for fact in versions},
        program_ends_at=next((instant(fact.until) for fact in facts["program"] if fact.until is not None), None),
    )


def _facts(
    codes: Collection[str], link_ids: Collection[UUID], *, also: Collection[UUID] = (), orders: Collection[str] = ()
) -> Mapping[str, list[Fact]]:
    with connection.cursor() as cursor:
        cursor.execute(
            _FACTS, {"codes": list(codes), "links": list(link_ids), "also": list(also), "orders": list(orders)}
        )
        found: dict[str, list[Fact]] = defaultdict(list)
        for kind, *fact in cursor.fetchall():
            found[kind].append(Fact(*fact))
    return found
