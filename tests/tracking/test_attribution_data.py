"""Loading of the data for attribution."""

from datetime import timedelta
from typing import Any

import pytest
from django.utils import timezone

from agreements import applicable_version, publishing, version_drafts
from agreements.models import AgreementVersion, Program
from tests.scenarios import build_order, create_program, import_affiliates, parse_utc, send_orders
from tracking.clicks.click_ids import ClickToken
from tracking.links import coupons, tracking_links
from tracking.orders import attribution_data
from tracking.orders.attribution import AttributionData, CouponAssignment
from tracking.orders.snapshots import Reader, Snapshot

pytestmark = pytest.mark.django_db
NOW = parse_utc("2026-01-10")


@pytest.fixture
def affiliates(tmp_path):
    create_program("2026-01-01")
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    return import_affiliates(["ANN", "BEN"], tmp_path)


def test_loads_all_assignments_of_coupon_in_any_letter_case(affiliates):
    old = coupons.assign_coupon(affiliate=affiliates["ANN"], code="Spring", assigned_from=NOW, now=NOW, by=None)
    coupons.unassign_coupon(coupon=old, now=NOW + timedelta(days=1), by=None)
    later = NOW + timedelta(days=2)
    coupons.assign_coupon(affiliate=affiliates["BEN"], code="sPRING", assigned_from=later, now=NOW, by=None)
    data = attribution_data.load_attribution_data({"spring"}, {})
    assert sorted(data.assignments["spring"]) == sorted(
        [
            CouponAssignment(affiliates["ANN"].pk, NOW, NOW + timedelta(days=1)),
            CouponAssignment(affiliates["BEN"].pk, later, None),
        ]
    )
    assert set(data.histories) == set(data.acceptances) == {row.pk for row in affiliates.values()}
    assert data.find_coupon_owner("spring", NOW) == affiliates["ANN"].pk
    assert data.find_coupon_owner("spring", later) == affiliates["BEN"].pk


def test_loads_link_owner_and_only_their_history(affiliates):
    link = tracking_links.create_link(affiliate=affiliates["ANN"], target="https://shop.example/", now=NOW, by=None)
    tracking_links.create_link(affiliate=affiliates["BEN"], target="https://shop.example/", now=NOW, by=None)
    data = attribution_data.load_attribution_data(set(), {"a click": ClickToken(link.pk, NOW, link.pk), "forged": None})
    assert data.link_owners == {link.pk: affiliates["ANN"].pk}
    assert [change.after for change in data.histories[affiliates["ANN"].pk]][-1] == "active"
    assert list(data.acceptances) == list(data.histories) == [affiliates["ANN"].pk]
    assert list(data.acceptances[affiliates["ANN"].pk]) == [AgreementVersion.objects.get().pk]


def test_loads_extra_affiliates(affiliates):
    data = attribution_data.load_attribution_data(set(), {}, extra_affiliate_ids=[affiliates["BEN"].pk])
    assert list(data.histories) == [affiliates["BEN"].pk]
    assert attribution_data.load_attribution_data(set(), {}).histories == {}
    assert list(applicable_version.get_acceptance_times([affiliates["BEN"].pk])) == [affiliates["BEN"].pk]


def test_loads_published_versions_in_order_without_withdrawn_ones(affiliates):
    first, drafts = AgreementVersion.objects.get(), []
    for days in (20, 30):
        draft = version_drafts.start_draft(now=NOW, by=None)
        draft.payout_minimum -= 1
        draft.attribution_days += 1
        draft.save()
        at = NOW + timedelta(days=days)
        drafts.append(publishing.publish_version(agreement=draft, effective_at=at, now=NOW, by=None))
    version_drafts.start_draft(now=NOW, by=None)
    assert [version.id for version in attribution_data.load_attribution_data(set(), {}).versions] == [
        first.pk,
        *(row.pk for row in drafts),
    ]
    publishing.withdraw_version(agreement=drafts[1], now=NOW, by=None, reason="A test.")
    data = attribution_data.load_attribution_data(set(), {})
    assert [(row.id, row.effective_at, row.detriment) for row in data.versions] == [
        (first.pk, first.effective_at, False),
        (drafts[0].pk, NOW + timedelta(days=20), False),
    ]
    assert data.attribution_days == {first.pk: 3, drafts[0].pk: 4}
    assert isinstance(data, AttributionData)
    assert data.find_version_in_force(NOW + timedelta(days=20)) == drafts[0].pk
    assert data.find_version_in_force(NOW + timedelta(days=20, microseconds=-1)) == first.pk
    assert data.find_version_in_force(parse_utc("2025-12-31")) is None


def test_loads_end_of_program(affiliates):
    assert attribution_data.load_attribution_data(set(), {}).program_ends_at is None
    Program.objects.update(ends_at=NOW, end_announced_at=NOW)
    assert attribution_data.load_attribution_data(set(), {}).program_ends_at == NOW


def test_undated_assignment_starts_with_first_acceptance(affiliates):
    ann, first, second = affiliates["ANN"].pk, NOW, NOW + timedelta(days=5)
    data = attribution_data.load_attribution_data({"ann"}, {})._replace(
        assignments={"ann": [CouponAssignment(ann, None, None)]},
        acceptances={ann: {affiliates["BEN"].pk: second, ann: first}},
    )
    assert data.find_coupon_owner("ANN", first - timedelta(microseconds=1)) is None
    assert data.find_coupon_owner("ANN", first) == ann


def test_coupon_counts_from_the_instant_it_was_recorded(affiliates):
    recorded = timezone.now() + timedelta(hours=1)  # after the affiliates
    coupons.assign_coupon(affiliate=affiliates["ANN"], code="SPRING", assigned_from=NOW, now=recorded, by=None)
    snapshot = read_snapshot("A1", coupon="SPRING")
    for known_at, owner in ((recorded, affiliates["ANN"].pk), (recorded - timedelta(microseconds=1), None)):
        assert attribution_data.attribute_snapshots([snapshot], known_at=known_at)["A1"].affiliate_id == owner


def test_only_orders_without_a_row_are_attributed_as_new(affiliates):
    send_orders(build_order("stored", coupon="ANN"))
    snapshots = [read_snapshot("stored", coupon="ANN"), read_snapshot("new", coupon="BEN")]
    attributions = attribution_data.load_new_orders(snapshots).attribute(snapshots)
    assert {name: result.affiliate_id for name, result in attributions.items()} == {"new": affiliates["BEN"].pk}


def read_snapshot(order_id: str, **facts: Any) -> Snapshot:
    """Return a snapshot of an order placed at noon of 10 January 2026."""
    return Reader(currency="USD", now=parse_utc("2026-02-01"), key="").read(build_order(order_id, **facts))
