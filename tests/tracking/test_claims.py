"""The claims that orders make know ..."""

from datetime import timedelta

import pytest

from agreements import applicable_version, publishing, version_drafts
from agreements.models import AgreementVersion, Program
from tests.scenarios import create_program, import_affiliates, parse_utc
from tracking.clicks.click_ids import ClickToken
from tracking.links import coupons, tracking_links
from tracking.orders import attribution_data
from tracking.orders.attribution import AttributionData, CouponAssignment

pytestmark = pytest.mark.django_db
NOW = parse_utc("2026-01-10")


@pytest.fixture
def people(tmp_path):
    create_program("2026-01-01")
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    return import_affiliates(["ANN", "BEN"], tmp_path)


def test_a_coupon_in_whatever_case_with_each_of_its_bindings(people):
    old = coupons.assign_coupon(affiliate=people["ANN"], code="Spring", assigned_from=NOW, now=NOW, by=None)
    coupons.unassign_coupon(coupon=old, now=NOW + timedelta(days=1), by=None)
    later = NOW + timedelta(days=2)
    coupons.assign_coupon(affiliate=people["BEN"], code="sPRING", assigned_from=later, now=NOW, by=None)
    found = attribution_data.load_attribution_data({"SPRING"}, {})
    assert sorted(found.assignments["SPRING"]) == sorted(
        [
            CouponAssignment(people["ANN"].pk, NOW, NOW + timedelta(days=1)),
            CouponAssignment(people["BEN"].pk, later, None),
        ]
    )
    assert set(found.histories) == set(found.acceptances) == {row.pk for row in people.values()}
    assert found.find_coupon_owner("spring", NOW) == people["ANN"].pk
    assert found.find_coupon_owner("spring", later) == people["BEN"].pk


def test_a_links_owner_and_their_history_and_nobody_elses(people):
    link = tracking_links.create_link(affiliate=people["ANN"], target="https://shop.example/", now=NOW, by=None)
    tracking_links.create_link(affiliate=people["BEN"], target="https://shop.example/", now=NOW, by=None)
    found = attribution_data.load_attribution_data(
        set(), {"a click": ClickToken(link.pk, NOW, link.pk), "forged": None}
    )
    assert found.link_owners == {link.pk: people["ANN"].pk}
    assert [change.after for change in found.histories[people["ANN"].pk]][-1] == "active"
    assert list(found.acceptances) == list(found.histories) == [people["ANN"].pk]
    assert list(found.acceptances[people["ANN"].pk]) == [AgreementVersion.objects.get().pk]


def test_whoever_else_is_asked_for(people):
    found = attribution_data.load_attribution_data(set(), {}, extra_affiliate_ids=[people["BEN"].pk])
    assert list(found.histories) == [people["BEN"].pk]
    assert attribution_data.load_attribution_data(set(), {}).histories == {}
    assert list(applicable_version.get_acceptance_times([people["BEN"].pk])) == [people["BEN"].pk]


def test_every_published_version_that_was_not_withdrawn_in_order(people):
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
    found = attribution_data.load_attribution_data(set(), {})
    assert [(row.id, row.effective_at, row.detriment) for row in found.versions] == [
        (first.pk, first.effective_at, False),
        (drafts[0].pk, NOW + timedelta(days=20), False),
    ]
    assert found.attribution_days == {first.pk: 3, drafts[0].pk: 4}
    assert isinstance(found, AttributionData)
    assert found.find_version_in_force(NOW + timedelta(days=20)) == drafts[0].pk
    assert found.find_version_in_force(NOW + timedelta(days=20, microseconds=-1)) == first.pk
    assert found.find_version_in_force(parse_utc("2025-12-31")) is None


def test_when_the_program_ends(people):
    assert attribution_data.load_attribution_data(set(), {}).program_ends_at is None
    Program.objects.update(ends_at=NOW, end_announced_at=NOW)
    assert attribution_data.load_attribution_data(set(), {}).program_ends_at == NOW


def test_that_a_binding_without_a_date_begins_with_the_first_acceptance(people):
    ann, first, second = people["ANN"].pk, NOW, NOW + timedelta(days=5)
    found = attribution_data.load_attribution_data({"ANN"}, {})._replace(
        assignments={"ANN": [CouponAssignment(ann, None, None)]},
        acceptances={ann: {people["BEN"].pk: second, ann: first}},
    )
    assert found.find_coupon_owner("ANN", first - timedelta(microseconds=1)) is None
    assert found.find_coupon_owner("ANN", first) == ann
