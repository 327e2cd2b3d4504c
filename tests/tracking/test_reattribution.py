"""Which orders are attributed again after the status history of an affiliate has changed (specification 8)."""

from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from affiliates.models import Affiliate
from agreements.models import Program
from tests.scenarios import build_order, create_program, import_affiliates, parse_utc, send_orders
from tracking.clicks import click_ids
from tracking.links import tracking_links
from tracking.models import Order
from tracking.orders.reattribution import find_affected_orders, lock_and_attribute

pytestmark = pytest.mark.django_db
SINCE = parse_utc("2026-01-10T12:00:00")
TICK = timedelta(microseconds=1)


@pytest.fixture
def affiliates(tmp_path) -> dict[str, Affiliate]:
    create_program("2026-01-01")
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    return import_affiliates(["ANN", "BEN"], tmp_path)


def click(affiliate: Affiliate, hours: int = -1) -> str:
    """Return a click id of a click before the orders, or after them, so that they are denied to the affiliate."""
    link = tracking_links.create_link(affiliate=affiliate, target="https://shop.example/", now=SINCE, by=None)
    return click_ids.sign_click_id(link.pk, SINCE + timedelta(hours=hours))


def sell(name: str, **facts: Any) -> None:
    """Send an order placed at SINCE, and one placed a microsecond earlier whose number ends with "-early"."""
    for order_id, placed in ((name, SINCE), (f"{name}-early", SINCE - TICK)):
        send_orders(build_order(order_id, at="2026-01-11T00:00:00Z", placed=placed.isoformat(), **facts))


def find_order_ids(affiliate: Affiliate) -> list[str]:
    names = dict(Order.objects.values_list("pk", "order_id"))
    return [names[pk] for pk in find_affected_orders(affiliate, since=SINCE)]


def test_only_orders_that_depend_on_the_affiliate_are_affected(affiliates):
    ann, ben = affiliates["ANN"], affiliates["BEN"]
    sell("clicked", click=click(ann))
    sell("denied", click=click(ann, hours=1))
    sell("Named-first", coupon="ANN")
    sell("Named-second", coupons=["BEN", " ann "])
    sell("of-ben", coupon="BEN")
    sell("of-ben-clicked", click=click(ben))
    sell("of-ben-denied", click=click(ben, hours=1))
    sell("unclaimed")
    sell("unknown-coupon", coupon="NOBODY")
    reasons = dict(Order.objects.exclude(order_id__endswith="-early").values_list("order_id", "reason"))
    assert reasons == {
        "clicked": "click", "denied": "click_after_order", "Named-first": "coupon", "Named-second": "coupon",
        "of-ben": "coupon", "of-ben-clicked": "click", "of-ben-denied": "click_after_order",
        "unclaimed": "no_claim", "unknown-coupon": "coupon_unknown",
    }  # fmt: skip
    # In the order in which orders are locked: capital letters first.
    assert find_order_ids(ann) == ["Named-first", "Named-second", "clicked", "denied"]
    assert find_order_ids(ben) == ["Named-second", "of-ben", "of-ben-clicked", "of-ben-denied"]


def test_orders_are_locked_before_their_snapshots_are_read(affiliates):
    """A snapshot that comes in meanwhile waits, so that its attribution is not overwritten by that of an older one."""
    sell("credited", coupon="ANN")
    with CaptureQueriesContext(connection) as queries:
        assert lock_and_attribute(find_affected_orders(affiliates["ANN"], since=SINCE)) == []
    statements = [query["sql"] for query in queries]
    locking = next(number for number, sql in enumerate(statements) if "tracking_order" in sql and "FOR UPDATE" in sql)
    reading = next(number for number, sql in enumerate(statements) if "snapshot_row.content" in sql)
    assert locking < reading
    assert "{credited}" in statements[locking]
