"""The claims that orders make know ..."""

from datetime import timedelta

import pytest

from agreements import drafting, publishing, under
from agreements.models import Agreement, Program
from tests.worlds import begin, bring_over, moment
from tracking.clicks.click_ids import Receipt
from tracking.links import coupons, tracking_links
from tracking.orders import claims
from tracking.orders.attribution import Binding, Claims

pytestmark = pytest.mark.django_db
NOW = moment("2026-01-10")


@pytest.fixture
def people(tmp_path):
    begin("2026-01-01")
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    return bring_over(["ANN", "BEN"], tmp_path)


def test_a_coupon_in_whatever_case_with_each_of_its_bindings(people):
    old = coupons.bind(affiliate=people["ANN"], code="Spring", bound_from=NOW, now=NOW, by=None)
    coupons.unbind(coupon=old, now=NOW + timedelta(days=1), by=None)
    later = NOW + timedelta(days=2)
    coupons.bind(affiliate=people["BEN"], code="sPRING", bound_from=later, now=NOW, by=None)
    found = claims.read({"SPRING"}, {})
    assert sorted(found.bindings["SPRING"]) == sorted(
        [Binding(people["ANN"].pk, NOW, NOW + timedelta(days=1)), Binding(people["BEN"].pk, later, None)]
    )
    assert set(found.histories) == set(found.acceptances) == {row.pk for row in people.values()}
    assert found.coupon_owner("spring", NOW) == people["ANN"].pk
    assert found.coupon_owner("spring", later) == people["BEN"].pk


def test_a_links_owner_and_their_history_and_nobody_elses(people):
    link = tracking_links.create(affiliate=people["ANN"], target="https://shop.example/", now=NOW, by=None)
    tracking_links.create(affiliate=people["BEN"], target="https://shop.example/", now=NOW, by=None)
    found = claims.read(set(), {"a click": Receipt(link.pk, NOW, link.pk), "forged": None})
    assert found.link_owners == {link.pk: people["ANN"].pk}
    assert [change.after for change in found.histories[people["ANN"].pk]][-1] == "active"
    assert list(found.acceptances) == list(found.histories) == [people["ANN"].pk]
    assert list(found.acceptances[people["ANN"].pk]) == [Agreement.objects.get().pk]


def test_whoever_else_is_asked_for(people):
    found = claims.read(set(), {}, also=[people["BEN"].pk])
    assert list(found.histories) == [people["BEN"].pk]
    assert claims.read(set(), {}).histories == {}
    assert list(under.acceptances([people["BEN"].pk])) == [people["BEN"].pk]


def test_every_published_version_that_was_not_withdrawn_in_order(people):
    first, drafts = Agreement.objects.get(), []
    for days in (20, 30):
        draft = drafting.start(now=NOW, by=None)
        draft.payout_minimum -= 1
        draft.attribution_days += 1
        draft.save()
        at = NOW + timedelta(days=days)
        drafts.append(publishing.publish(agreement=draft, effective_at=at, now=NOW, by=None))
    drafting.start(now=NOW, by=None)
    assert [version.id for version in claims.read(set(), {}).versions] == [first.pk, *(row.pk for row in drafts)]
    publishing.withdraw(agreement=drafts[1], now=NOW, by=None, reason="A test.")
    found = claims.read(set(), {})
    assert [(row.id, row.effective_at, row.detriment) for row in found.versions] == [
        (first.pk, first.effective_at, False),
        (drafts[0].pk, NOW + timedelta(days=20), False),
    ]
    assert found.attribution_days == {first.pk: 3, drafts[0].pk: 4}
    assert isinstance(found, Claims)
    assert found.in_force(NOW + timedelta(days=20)) == drafts[0].pk
    assert found.in_force(NOW + timedelta(days=20, microseconds=-1)) == first.pk
    assert found.in_force(moment("2025-12-31")) is None


def test_when_the_program_ends(people):
    assert claims.read(set(), {}).program_ends_at is None
    Program.objects.update(ends_at=NOW, end_announced_at=NOW)
    assert claims.read(set(), {}).program_ends_at == NOW


def test_that_a_binding_without_a_date_begins_with_the_first_acceptance(people):
    ann, first, second = people["ANN"].pk, NOW, NOW + timedelta(days=5)
    found = claims.read({"ANN"}, {})._replace(
        bindings={"ANN": [Binding(ann, None, None)]},
        acceptances={ann: {people["BEN"].pk: second, ann: first}},
    )
    assert found.coupon_owner("ANN", first - timedelta(microseconds=1)) is None
    assert found.coupon_owner("ANN", first) == ann
