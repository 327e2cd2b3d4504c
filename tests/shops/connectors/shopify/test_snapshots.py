"""Shopify's events become the snapshots of the table of situations (specification 11)."""

from itertools import permutations
from uuid import UUID

import pytest

from shops.connectors.base import Ignored, OrderParts, StoredEvent
from tests.shops.connectors.shopify import order_cases, refund_cases
from tests.shops.connectors.shopify.folded import SHOPIFY, build, fold, read
from tests.shops.connectors.shopify.payloads import (
    RECEIVED,
    Sent,
    add_line,
    build_money_refund,
    build_order,
    change_line,
    load,
)
from tests.shops.connectors.shopify.situations import LATER, create, update
from tracking.clicks.click_ids import sign_click_id

CASES = (*order_cases.CASES, *refund_cases.CASES)


def name(case):
    return case.name


@pytest.mark.parametrize("case", CASES, ids=name)
def test_situation_becomes_snapshot(case):
    if case.ignored:
        with pytest.raises(Ignored, match=case.ignored):
            build(case.events, completion=case.completion)
        return
    row = build(case.events, completion=case.completion).row
    assert [(line["line_id"], line["amount"], line["refunded"]) for line in row["lines"]] == list(case.lines)
    expected = {key: row["customer"] | value if key == "customer" else value for key, value in case.fields.items()}
    assert {key: row[key] for key in expected} == expected


@pytest.mark.parametrize("case", [case for case in CASES if len(case.events) > 1], ids=name)
def test_situation_is_the_same_in_any_order_and_repeated(case):
    states = [fold([*events, events[0]]) for events in permutations(case.events)]
    assert all(state == states[0] for state in states)


def test_line_has_what_the_shop_shows():
    order = add_line(build_order(), product_id=None, sku=None, variant_title="Default Title")
    first, second, third = build([create(order)]).row["lines"]
    assert (first["sku"], first["title"], first["quantity"]) == ("SHIRT-M", "Linen shirt - M", 2)
    assert (first["product_key"], first["shop_categories"]) == ("901", [])
    assert (second["title"], second["quantity"]) == ("Mug", 1)
    assert (third["sku"], third["title"], third["product_key"]) == ("", "Bowl", "")


def test_ids_above_what_floats_hold_are_exact():
    order = change_line(build_order(id=820982911946154508), 0, id=9007199254740993)
    found = read(create(order))
    assert found.order_key == "820982911946154508"
    assert build([create(order)]).row["lines"][0]["line_id"] == "9007199254740993"


def test_long_texts_do_not_refuse_the_order():
    order = change_line(build_order(), 0, title="T" * 600, sku="S" * 300)
    line = build([create(order)]).row["lines"][0]
    assert (len(line["title"]), len(line["sku"])) == (500, 100)


def test_snapshot_changes_at_the_newest_moment():
    assert str(build([create(build_order())]).changed_at) == "2026-01-12 12:00:02+00:00"
    assert str(build([update(build_order()), create(build_order())]).changed_at) == "2026-01-20 12:00:01+00:00"
    deleted = Sent("orders/delete", {"id": 5500000000001}, "2026-01-25T12:00:00.5Z")
    assert str(build([create(build_order()), deleted]).changed_at) == "2026-01-25 12:00:00.500000+00:00"


def test_order_is_due_when_its_days_are_over():
    recent = build_order(updated_at="2026-01-30T12:00:00Z", created_at="2026-01-30T12:00:00Z")
    built = build([create(recent)], completion="days")
    assert (built.row["status"], str(built.due_at)) == ("paid", "2026-02-13 12:00:00+00:00")


def test_notes_say_what_is_approximate():
    assert build([create(build_order())]).notes == []
    money = build([update(build_order(), build_money_refund("20.00"))])
    assert money.notes == ["20.00 USD was refunded without lines. It is spread over goods, tax and shipping."]


def test_edit_without_the_edited_order_is_incomplete():
    edit = Sent("orders/edited", load("order_edited"))
    early = build([create(build_order()), edit])
    assert early.is_incomplete
    assert early.notes == ["The order was edited in the shop. The event with the edited order has not arrived yet."]
    late = build([edit, create(build_order(**LATER))])
    assert (late.is_incomplete, late.notes) == (False, [])


def test_nothing_personal_is_kept():
    kept = str(fold([create(build_order()), Sent("refunds/create", load("refund"))]))
    for text in ("pat@", "Pat", "Sample Street", "203.0.113.7", "Toronto"):
        assert text not in kept
    assert "'customer_ref': '7700000000001'" in kept


def test_genuine_click_id_comes_before_other_texts():
    click_id = sign_click_id(UUID(int=1), RECEIVED, UUID(int=2))
    attributes = [{"name": "click_id", "value": "undefined"}]
    order = build_order(note_attributes=attributes, landing_site=f"/?click_id={click_id}")
    assert build([create(order)]).row["click_id"] == click_id


def test_click_id_may_have_another_name():
    order = build_order(landing_site="/?ref=text")
    event = StoredEvent("orders/create", "", RECEIVED, order)
    found = SHOPIFY.read_event(event, {"click_id_name": "ref"})
    assert isinstance(found, OrderParts)
    assert [part.data for part in found.parts if part.name.startswith("click")] == ["text"]


def test_line_without_pieces_is_worth_nothing():
    line = build([create(change_line(build_order(), 0, quantity=0, current_quantity=0))]).row["lines"][0]
    assert (line["quantity"], line["amount"], line["refunded"]) == (1, "0.00", "0.00")


def test_moment_after_the_delivery_is_not_believed():
    deleted = Sent("orders/delete", {"id": 5500000000001}, "2036-01-01T00:00:00Z")
    assert build([create(build_order()), deleted]).changed_at == RECEIVED
    paid = Sent("orders/paid", build_order(), "2036-01-01T00:00:00Z")
    assert build([paid], completion="paid").row["completed_at"] == "2026-02-01T12:00:00Z"
