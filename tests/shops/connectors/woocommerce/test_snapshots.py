"""Snapshots of WooCommerce's orders: the table of cases, and what the payload says about each field (specification 11)."""

from datetime import timedelta
from decimal import Decimal

import pytest

from lib.ids import uuid7
from shops.connectors.base import Ignored, OrderParts, StoredEvent
from shops.connectors.parts import Part, merge
from shops.connectors.woocommerce.connector import WooCommerce
from shops.connectors.woocommerce.refunds import REFUND_PART, read_refund
from shops.models import Completion, Connection, Platform
from tests.scenarios import NOW
from tests.shops.connectors.woocommerce.cases import CASES, IGNORED, Case
from tests.shops.connectors.woocommerce.payloads import at_second, build_order, build_refunds
from tracking.clicks.click_ids import sign_click_id
from tracking.orders.snapshot_fields import Rejected
from tracking.orders.snapshots import Reader

WOOCOMMERCE = WooCommerce()


def fold(events, options=None, refunds=()):
    state = {}
    for second, (topic, content) in enumerate(events):
        event = StoredEvent(topic, "", NOW + timedelta(seconds=second), content)
        found = WOOCOMMERCE.read_event(event, options or {})
        assert isinstance(found, OrderParts)
        assert found.order_key == "727"
        state = merge(state, found.parts)
    return merge(state, [Part(f"{REFUND_PART}{refund['id']}", "2026", read_refund(refund)) for refund in refunds])


def build(state, *, was_sent=False, **fields):
    connection = Connection(platform=Platform.WOOCOMMERCE, **fields)
    return WOOCOMMERCE.build_order(state, connection, was_sent=was_sent, now=NOW)


def build_row(**changes):
    return build(fold([("order.updated", build_order(**changes))])).row


def read_as_snapshot(row):
    """Return the row as intake reads it."""
    plain = [
        {key: value for key, value in line.items() if key not in ("product_key", "shop_categories")} | {"category": "c"}
        for line in row["lines"]
    ]
    reader = Reader(currency=row["currency"], now=NOW, key="k" * 32)
    return reader.read(row | {"order_id": "shop-727", "updated_at": "2026-01-12T12:00:00Z", "lines": plain})


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_situation_becomes_snapshot(case: Case):
    try:
        built = build(fold(case.events, case.options, case.refunds), was_sent=case.was_sent, options=case.options)
    except Ignored:
        assert case.status == IGNORED
        return
    assert read_as_snapshot(built.row).status == case.status
    assert {line["line_id"]: (line["amount"], line["refunded"]) for line in built.row["lines"]} == case.lines
    assert {key: built.row[key] for key in case.also} == case.also


def test_line_has_product_and_plain_title():
    first, second = build_row()["lines"]
    assert first == {
        "line_id": "11",
        "sku": "CUP-B",
        "title": "Café cup \N{EN DASH} blue",
        "quantity": 2,
        "amount": "40.00",
        "refunded": "0.00",
        "product_key": "93",
        "shop_categories": [],
    }
    assert second["product_key"] == "22"  # of the product, not of its variation


def test_fraction_of_a_piece_is_rounded_up():
    assert [line["quantity"] for line in build_row(lines={0: {"quantity": Decimal("2.5")}})["lines"]] == [3, 1]
    assert build_row(lines={0: {"quantity": 0}})["lines"][0]["quantity"] == 1


def build_metas(**values):
    return [{"id": 1, "key": key, "value": value} for key, value in values.items()]


def test_own_click_id_comes_before_that_of_the_landing_address():
    own, landed = sign_click_id(uuid7(), NOW), sign_click_id(uuid7(), NOW)
    entry = {"_wc_order_attribution_session_entry": f"https://shop.example/cups?utm_source=x&click_id={landed}#top"}
    assert build_row(meta_data=build_metas(**entry))["click_id"] == landed
    assert build_row(meta_data=build_metas(_accord_click_id=own, **entry))["click_id"] == own


def test_click_id_is_read_from_the_key_of_the_connection():
    own = sign_click_id(uuid7(), NOW)
    event = ("order.updated", build_order(meta_data=build_metas(partner_click=own)))
    assert build(fold([event], {"click_id_key": "partner_click"})).row["click_id"] == own
    assert build(fold([event])).row["click_id"] is None


def test_click_id_once_seen_is_kept():
    own, other = sign_click_id(uuid7(), NOW), sign_click_id(uuid7(), NOW)
    orders = [
        build_order(date_modified_gmt=at_second(60 + i), meta_data=build_metas(**metas))
        for i, metas in enumerate([{"_accord_click_id": own}, {}, {"_accord_click_id": other}])
    ]
    for sequence in (orders, orders[::-1]):
        assert build(fold([("order.updated", order) for order in sequence])).row["click_id"] == own


@pytest.mark.parametrize(
    "value", [None, 7, [], {"a": "b"}, "", "  ", "x" * 300, "https://shop.example/?utm_source=news"]
)
def test_what_is_no_click_id_is_left_out(value):
    key = "_wc_order_attribution_session_entry"
    assert build_row(meta_data=build_metas(**{key: value}))["click_id"] is None
    if not (isinstance(value, str) and "://" in value):
        assert build_row(meta_data=build_metas(_accord_click_id=value))["click_id"] is None


def test_meta_data_of_any_shape_is_read_past():
    metas = [{"key": [1], "value": 1}, {"key": {}, "value": {}}, {}]
    assert build_row(meta_data=metas, lines={0: {"meta_data": metas}})["click_id"] is None


def test_codes_that_no_affiliate_can_have_are_left_out():
    lines = [{"code": code} for code in ("x" * 65, "ann", "", "a\x07b", None, 7)]
    assert build_row(coupon_lines=lines)["coupons"] == ["ann"]
    assert len(build_row(coupon_lines=[{"code": f"c{i}"} for i in range(30)])["coupons"]) == 10


def test_deletion_counts_even_if_the_shops_clock_is_ahead():
    ahead = f"{NOW + timedelta(minutes=3):%Y-%m-%dT%H:%M:%S}"
    state = fold([("order.updated", build_order(date_modified_gmt=ahead)), ("order.deleted", {"id": 727})])
    assert build(state).row["status"] == "cancelled"


def test_refund_with_unknown_lines_says_so():
    built = build(fold([("order.updated", build_order(refunds=build_refunds("-33.00")))]))
    assert built.is_incomplete
    assert built.notes == [
        (
            "Refunds of 33.00 are spread over goods, tax and shipping in proportion to what was paid, because the webhook does "
            "not name their lines. With an API key they are exact."
        )
    ]


def test_completion_when_paid_counts_from_the_payment():
    state = fold([("order.updated", build_order())])
    row = build(state, completion=Completion.PAID).row
    assert (row["status"], row["completed_at"]) == ("completed", "2026-01-12T12:00:05Z")


def test_cash_on_delivery_is_paid_when_the_shop_works_on_it():
    later = build_order(date_paid_gmt=None, status="completed", date_modified_gmt=at_second(86_400))
    state = fold([("order.updated", later), ("order.created", build_order(date_paid_gmt=None))])
    built = build(state, completion=Completion.DAYS, completion_days=5)
    # Noon and eight seconds of 12 January, and five days.
    assert (built.row["status"], built.row["completed_at"]) == ("completed", "2026-01-17T12:00:08Z")


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"id": 0}, "id"),
        ({"id": "727; drop"}, "id"),
        ({"id": True}, "id"),
        ({"status": None}, "status"),
        ({"date_created_gmt": "yesterday"}, "date_created_gmt"),
        ({"date_modified_gmt": 5}, "date_modified_gmt"),
        ({"date_created_gmt": None}, "date_created_gmt"),
        ({"line_items": []}, "line_items"),
        ({"line_items": None}, "line_items"),
        ({"line_items": {}}, "line_items"),
        ({"line_items": [3]}, "line_items[0]"),
        ({"lines": {1: {"total": "1e3"}}}, "line_items[1].total"),
        ({"lines": {1: {"total": "\u0661"}}}, "line_items[1].total"),
        ({"lines": {1: {"total": None}}}, "line_items[1].total"),
        ({"lines": {1: {"total_tax": []}}}, "line_items[1].total_tax"),
        ({"lines": {1: {"id": None}}}, "line_items[1].id"),
        ({"lines": {1: {"quantity": "many"}}}, "line_items[1].quantity"),
        ({"lines": {1: {"quantity": Decimal("1e400000000")}}}, "line_items[1].quantity"),
        ({"lines": {1: {"total": Decimal("1e-400000000")}}}, "line_items[1].total"),
        ({"meta_data": [{"key": [1], "value": 1}], "id": 0}, "id"),
        ({"fee_lines": [{"total": "free"}]}, "fee_lines[0].total"),
        ({"shipping_lines": "none"}, "shipping_lines"),
        ({"refunds": [{"id": 900, "total": "5.00"}]}, "refunds[0].total"),
        ({"refunds": [{"id": 900, "total": "--5.00"}]}, "refunds[0].total"),
        ({"refunds": [{"total": "-5.00"}]}, "refunds[0].id"),
    ],
)
def test_unusable_field_is_named(changes, field):
    with pytest.raises(Rejected) as refusal:
        build_row(**changes)
    assert refusal.value.field == field
