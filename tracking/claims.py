"""Reads what attribution needs for a batch of orders: a handful of queries, whatever the batch's size."""

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.db.models.functions import Upper

from affiliates.models import StandingChange
from agreements import under
from agreements.models import Agreement, Program
from tracking import click_ids
from tracking.attribution import Attribution, Binding, Claims, attribute
from tracking.click_ids import Receipt
from tracking.models import Coupon, Link
from tracking.snapshots import Snapshot


class Change(NamedTuple):
    """A change of an affiliate's state, as far as attribution asks for it."""

    at: datetime
    after: str
    breach: bool


def attributions(snapshots: Iterable[Snapshot]) -> dict[str, Attribution]:
    """{order id: whose it is} for the newest snapshots of a batch."""
    batch = list(snapshots)
    receipts = {s.click_id: click_ids.read(s.click_id) for s in batch if s.click_id}
    claims = read({s.coupon.upper() for s in batch if s.coupon}, receipts)
    return {
        s.order_id: attribute(
            claims, coupon=s.coupon, click_id=s.click_id, receipt=receipts.get(s.click_id), placed_at=s.placed_at
        )
        for s in batch
    }


def read(codes: set[str], receipts: Mapping[str, Receipt | None], *, also: Collection[UUID] = ()) -> Claims:
    """The claims that coupon `codes` (in capitals) and click `receipts` can make, and the histories of affiliates `also`."""
    bindings: dict[str, list[Binding]] = defaultdict(list)
    if codes:
        rows = Coupon.objects.annotate(upper=Upper("code")).filter(upper__in=codes)
        for code, affiliate_id, since, until in rows.values_list("upper", "affiliate_id", "bound_from", "bound_until"):
            bindings[code].append(Binding(affiliate_id, since, until))
    link_ids = {receipt.link_id for receipt in receipts.values() if receipt}
    owners = dict(Link.objects.filter(pk__in=link_ids).values_list("pk", "affiliate_id")) if link_ids else {}
    affiliates = {b.affiliate_id for found in bindings.values() for b in found} | {*owners.values(), *also}
    versions = under.versions()
    return Claims(
        bindings=bindings,
        link_owners=owners,
        histories=_histories(affiliates) if affiliates else {},
        acceptances=under.acceptances(affiliates) if affiliates else {},
        versions=versions,
        attribution_days=dict(Agreement.objects.published().values_list("pk", "attribution_days")),
        program_ends_at=Program.objects.values_list("ends_at", flat=True).first(),
    )


def _histories(affiliates: set[UUID]) -> dict[UUID, list[Change]]:
    found: dict[UUID, list[Change]] = defaultdict(list)
    rows = StandingChange.objects.filter(affiliate__in=affiliates).order_by("at", "id")
    for affiliate_id, *change in rows.values_list("affiliate_id", *Change._fields):
        found[affiliate_id].append(Change(*change))
    return found
