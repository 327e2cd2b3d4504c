"""Coupon codes of an erased affiliate become pseudonyms, and those of others stay (specification 9)."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from affiliates.models import Affiliate, State
from lib.triggers import allow_redaction
from shops.models import Reject
from tests.factories import make_affiliate
from tests.scenarios import build_order, create_program, parse_utc, send_orders
from tracking.links import coupons
from tracking.models import Coupon, Order, OrderSnapshot
from tracking.orders.coupon_erasure import erase_coupons

MAY, JUNE, JULY = parse_utc("2026-05-01"), parse_utc("2026-06-01"), parse_utc("2026-07-01")


@pytest.fixture
def owners(db) -> list[Affiliate]:
    """Two affiliates; SUMMER was the first one's until June, and is the second one's since."""
    create_program("2026-01-01")
    first, second = (make_affiliate(state=State.ACTIVE, at=parse_utc("2026-01-02")) for _number in range(2))
    coupon = coupons.assign_coupon(affiliate=first, code="SUMMER", assigned_from=MAY, now=MAY, by=None)
    Coupon.objects.filter(pk=coupon.pk).update(assigned_until=JUNE)
    coupons.assign_coupon(affiliate=second, code="Summer", assigned_from=JUNE, now=JUNE, by=None)
    coupons.assign_coupon(affiliate=first, code="GRETA10", assigned_from=MAY, now=MAY, by=None)
    return [first, second]


def send(order_id: str, code: str | None, day: str, **other: object) -> None:
    at = f"2026-{day}T12:00:00Z"
    send_orders(build_order(order_id, coupon=code, at=at, placed=at) | other, now=parse_utc("2026-06-20"))


def erase(affiliate: Affiliate) -> None:
    with allow_redaction():
        erase_coupons(affiliate=affiliate, now=JULY)


def list_codes() -> dict[str, str]:
    return dict(Order.objects.order_by("order_id").values_list("order_id", "coupon_code"))


def test_code_that_another_affiliate_has_stays_theirs(owners):
    send("OF-FIRST", "summer", "05-10")
    send("OF-SECOND", "Summer", "06-10")
    erase(owners[0])
    codes = list_codes()
    assert codes["OF-SECOND"] == "Summer"
    assert codes["OF-FIRST"].startswith("erased-")
    snapshots = dict(OrderSnapshot.objects.values_list("order_id", "content__coupons"))
    assert snapshots == {"OF-FIRST": [codes["OF-FIRST"]], "OF-SECOND": ["summer"]}
    assert Coupon.objects.get(affiliate=owners[1]).code == "Summer"
    assert Coupon.objects.get(affiliate=owners[1]).assigned_until is None


def test_own_code_is_replaced_in_every_order_and_snapshot(owners):
    send("EARLY", "greta10", "04-01")
    send("OWN", "GRETA10", "05-10")
    send("OWN", "GRETA10", "05-10", updated_at="2026-05-11T12:00:00Z", status="cancelled")
    erase(owners[0])
    pseudonym = Coupon.objects.get(affiliate=owners[0], assigned_from=MAY, assigned_until=JULY).code
    assert list_codes() == {"EARLY": pseudonym, "OWN": pseudonym}
    assert [content["coupons"] for content in OrderSnapshot.objects.values_list("content", flat=True)] == 3 * [
        [pseudonym]
    ]
    assert Coupon.objects.get(code=pseudonym).key == pseudonym


def test_listed_code_is_replaced_in_its_place(owners):
    send("LIST", None, "05-10", coupons=["A", " Greta10\u200b", "B"])
    assert list_codes() == {"LIST": "Greta10"}
    erase(owners[0])
    content = OrderSnapshot.objects.get().content
    assert [content["coupons"][0], content["coupons"][2]] == ["a", "b"]
    assert content["coupons"][1] == list_codes()["LIST"]
    assert list_codes()["LIST"].startswith("erased-")
    assert "greta" not in str(content).lower()


def test_snapshot_without_the_code_is_unchanged(owners):
    send("NONE", None, "05-10")
    before = OrderSnapshot.objects.get().content
    erase(owners[0])
    assert OrderSnapshot.objects.get().content == before


def test_repeated_snapshot_is_still_recognized(owners):
    send("OWN", "GRETA10", "05-10")
    erase(owners[0])
    send("OWN", "GRETA10", "05-10")
    assert OrderSnapshot.objects.count() == 1
    assert list_codes()["OWN"].startswith("erased-")


def test_erased_code_wins_no_order(owners):
    erase(owners[0])
    pseudonym = Coupon.objects.get(affiliate=owners[0], assigned_until=JULY).code
    at = JULY + timedelta(days=1)
    for number, code in enumerate(("GRETA10", pseudonym)):
        stamp = at.isoformat()
        [order] = send_orders(build_order(f"LATE{number}", coupon=code, at=stamp, placed=stamp), now=at)
        assert Order.objects.get(order_id=f"LATE{number}").affiliate is None, order


def test_later_snapshots_of_the_shop_store_the_pseudonym(owners):
    send("OWN", "GRETA10", "05-10")
    erase(owners[0])
    pseudonym = Coupon.objects.get(affiliate=owners[0], assigned_from=MAY, assigned_until=JULY).code
    send("OWN", " greta10\u200b", "05-10", updated_at="2026-05-11T12:00:00Z", status="cancelled")
    send("OWN", None, "05-10", updated_at="2026-05-12T12:00:00Z", coupons=["x", "Greta10"])
    send("NEW", "greta10", "06-15")
    contents = list(OrderSnapshot.objects.order_by("sequence").values_list("content", flat=True))
    assert [content["coupons"] for content in contents] == [[pseudonym], [pseudonym], ["x", pseudonym], [pseudonym]]
    assert list_codes() == {"OWN": pseudonym, "NEW": pseudonym}
    assert "greta" not in str(contents).lower()
    # The order is attributed as before.
    assert Order.objects.get(order_id="OWN").candidate == owners[0]


def test_erased_codes_are_looked_up_together_with_the_attribution(owners):
    """One statement for both: a trip to the database is a tenth of a single order's time."""
    erase(owners[0])
    with CaptureQueriesContext(connection) as queries:
        send("LATE", "GRETA10", "06-15")
    assert list_codes()["LATE"].startswith("erased-")
    looked_up = [query["sql"] for query in queries if "tracking_coupon" in query["sql"]]
    assert len(looked_up) == 1, looked_up


def test_later_snapshot_is_recognized_when_it_is_repeated(owners):
    erase(owners[0])
    for _time in range(2):
        send("LATE", "GRETA10", "06-15")
    assert OrderSnapshot.objects.count() == 1
    assert not Reject.objects.exists()


def test_later_order_of_the_other_holder_of_the_code_keeps_it(owners):
    erase(owners[0])
    send("OF-FIRST", "SUMMER", "05-10")
    send("OF-SECOND", "SUMMER", "06-10")
    codes = list_codes()
    assert codes["OF-SECOND"] == "SUMMER"
    assert codes["OF-FIRST"].startswith("erased-")
    assert Order.objects.get(order_id="OF-SECOND").candidate == owners[1]


def test_two_erased_holders_of_a_code_keep_their_own_orders(owners):
    send("OF-FIRST", "SUMMER", "05-10")
    send("OF-SECOND", "SUMMER", "06-10")
    for owner in owners:
        erase(owner)
    send("OF-FIRST", "SUMMER", "05-10", updated_at="2026-06-12T12:00:00Z")
    send("OF-SECOND", "SUMMER", "06-10", updated_at="2026-06-12T12:00:00Z")
    assert dict(Order.objects.values_list("order_id", "candidate")) == {
        "OF-FIRST": owners[0].pk, "OF-SECOND": owners[1].pk,
    }  # fmt: skip
    assert "summer" not in str(OrderSnapshot.objects.values_list("content", flat=True)).lower()


@pytest.mark.parametrize("codes", [{"coupon": "GRETA10"}, {"coupons": ["x", "greta10 ", 5, None]}])
def test_later_order_that_is_rejected_is_stored_with_the_pseudonym(owners, codes):
    erase(owners[0])
    send("BAD", None, "06-15", currency="EUR", **codes)
    content = Reject.objects.get().content
    assert "greta" not in content.lower()
    assert "erased-" in content
    if "coupons" in codes:
        assert json.loads(content)["coupons"][0::2] == ["x", 5]
