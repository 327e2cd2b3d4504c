"""Validation and normal form of order snapshots (specification 4)."""

import copy
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from shops import strict_json
from tests.scenarios import build_order
from tracking.orders.snapshot_fields import Rejected
from tracking.orders.snapshots import Reader, Snapshot

NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
READER = Reader(currency="USD", now=NOW, key="key")
VALID = build_order("A1", completed="2026-01-12T12:00:00Z")


def read(row: object) -> Snapshot:
    return READER.read(strict_json.parse_json(json.dumps(row)))


def parse_invalid(text: str) -> tuple[str, str]:
    with pytest.raises(Rejected) as caught:
        READER.read(strict_json.parse_json(text))
    return caught.value.field, caught.value.message


def build_changed_row(path: str, value: object) -> dict:
    row = copy.deepcopy(VALID)
    *parents, last = path.replace("[0]", ".0").split(".")
    target: Any = row
    for name in parents:
        target = target[int(name)] if name.isdigit() else target[name]
    if value is MISSING:
        del target[last]
    else:
        target[last] = value
    return row


MISSING = object()
AMOUNTS = (
    "15.3", "15", ".30", "15.300", "-0.00", "-1.00", "+1.00", "1e400", "1E+2", "NaN", "Infinity", "1_000.00", "1,000.00",
    " 1.00", "1.00 ", "1.00\n", "١٢.00", "１２.00", "0x1.00", "", 15.30, 15, None, True, ["1.00"], {"a": 1}, "1000000.01",
    "9999999999999999.00",
)  # fmt: skip
MOMENTS = (
    "2026-01-10", "2026-01-10T12:00:00", "2026-01-10 12:00:00Z", "2026-01-10T12:00Z", "20260110T120000Z", "2026-W02-6",
    "2026-13-10T12:00:00Z", "2026-02-30T12:00:00Z", "2026-01-10T25:00:00Z", "2026-01-10T12:00:00+25:00", "yesterday",
    "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-03-01T12:05:00.000001Z", 1767960000, None, "",
    "२०२६-01-10T12:00:00Z", "2026-01-10T12:00:00.Z", "2026-01-10T12:00:00+0000", "2026-01-10T12:00:00+00",
    "2026-01-10T12:00:00+10:75", "2026-01-10T24:00:00Z", "2026-01-10T12:00:60Z", "2026-01-10T12:00:00Z ",
    "2026-01-10T12:00:00,5Z", "2026-01-10T12:00:00 +00:00",
)  # fmt: skip
CASES = [
    *(("lines[0].amount", amount, "lines[0].amount") for amount in AMOUNTS),
    *(("lines[0].refunded", amount, "lines[0].refunded") for amount in AMOUNTS),
    *((field, value, field) for field in ("updated_at", "placed_at") for value in MOMENTS),
    *(("completed_at", value, "completed_at") for value in MOMENTS if value is not None),
    *((field, MISSING, field) for field in ("order_id", "updated_at", "status", "placed_at", "currency", "lines")),
    *(
        (f"lines[0].{field}", MISSING, f"lines[0].{field}")
        for field in ("line_id", "category", "quantity", "amount", "refunded")
    ),
    *(
        ("order_id", value, "order_id")
        for value in ("", "a" * 65, "a b", "a/b", "ä", "a\n", "a\0", 7, None, ["a"], "\ud800")
    ),
    *(("status", value, "status") for value in ("open", "PAID", "", None, 1, ["paid"], {})),
    ("status", "paid", "completed_at"),
    ("completed_at", None, "completed_at"),
    ("completed_at", "2026-01-10T11:59:59.999999Z", "completed_at"),
    *(("currency", value, "currency") for value in ("EUR", "usd", "", None, 840)),
    *(("lines", value, "lines") for value in ([], None, {}, "x", [VALID["lines"][0]] * 1001)),
    ("lines", [VALID["lines"][0]] * 2, "lines[1].line_id"),
    ("lines", ["x"], "lines[0]"),
    *(("lines[0].quantity", value, "lines[0].quantity") for value in (0, -1, 1.0, 1.5, "1", None, True, 10**30, [])),
    *(("lines[0].line_id", value, "lines[0].line_id") for value in ("", " ", "a" * 65, 1, None, "a\0")),
    *(("lines[0].category", value, "lines[0].category") for value in ("", "a" * 65, 1, None, "\ud800")),
    ("lines[0].title", "x" * 501, "lines[0].title"),
    ("lines[0].title", "nul\0", "lines[0].title"),
    ("lines[0].sku", "\udfff", "lines[0].sku"),
    ("lines[0].sku", 5, "lines[0].sku"),
    ("lines[0].refunded", "100.01", "lines[0].refunded"),
    ("lines[0].colour", "red", "lines[0].colour"),
    ("colour", "red", "colour"),
    ("customer.colour", "red", "customer.colour"),
    ("customer", "17850", "customer"),
    ("customer.ref", 17850, "customer.ref"),
    ("customer.country", {"name": "France"}, "customer.country"),
    ("coupon", 7, "coupon"),
    ("coupon", {"code": "A"}, "coupon"),
    ("coupon", "x" * 65, "coupon"),
    ("click_id", [], "click_id"),
    ("click_id", "x" * 201, "click_id"),
]


def format_id(value: object) -> str:
    # pytest-xdist needs the same ids in all processes, so not the repr of MISSING, which has a memory address.
    return "missing" if value is MISSING else repr(value)[:40]


@pytest.mark.parametrize(("path", "value", "field"), CASES, ids=format_id)
def test_invalid_field_is_rejected_with_cause(path, value, field):
    rejected, cause = parse_invalid(json.dumps(build_changed_row(path, value)))
    assert rejected == field
    assert cause


@pytest.mark.parametrize(
    ("sent", "stored"),
    [
        ("2026-01-20T12:00:00.1234567Z", "2026-01-20T12:00:00.123456Z"),
        ("2026-01-20T12:00:00.9999999Z", "2026-01-20T12:00:00.999999Z"),
        ("2026-01-20T12:00:00." + "1" * 5_000 + "z", "2026-01-20T12:00:00.111111Z"),
        ("2026-01-20t12:00:00z", "2026-01-20T12:00:00Z"),
        ("2026-01-20t14:00:00.5+02:00", "2026-01-20T12:00:00.500000Z"),
        ("2026-01-20T12:00:00-00:00", "2026-01-20T12:00:00Z"),
        ("2026-01-31T23:59:60Z", "2026-02-01T00:00:00Z"),
        ("2026-02-01T01:59:60.25+02:00", "2026-02-01T00:00:00Z"),
        ("2026-03-01T12:05:00Z", "2026-03-01T12:05:00Z"),
    ],
    ids=lambda text: text[:40],
)
def test_time_of_rfc_3339_is_kept_to_the_microsecond(sent, stored):
    assert read(VALID | {"updated_at": sent}).build_content()["updated_at"] == stored


@pytest.mark.parametrize("field", ["updated_at", "placed_at", "completed_at"])
@pytest.mark.parametrize(("offset", "written"), [("+0000", "+00:00"), ("-0530", "-05:30"), (".123+0100", "+01:00")])
def test_time_without_a_colon_in_its_zone_is_rejected_with_the_right_form(field, offset, written):
    rejected, cause = parse_invalid(json.dumps(build_changed_row(field, f"2026-01-10T12:00:00{offset}")))
    sent = offset.removeprefix(".123")
    assert (rejected, cause) == (field, f"lacks a colon in its time zone: write {written} instead of {sent}")


def test_duplicate_key_is_rejected():
    text = json.dumps(VALID)
    assert parse_invalid(text.replace('"status"', '"currency": "USD", "status"')) == (
        "currency",
        "is a duplicate key",
    )
    assert parse_invalid(text.replace('"sku"', '"line_id": "1", "sku"'))[0] == "lines[0].line_id"


@pytest.mark.parametrize("number", ["NaN", "Infinity", "-Infinity", "1e400", "1.0", "9" * 5000])
def test_invalid_number_is_rejected(number):
    assert parse_invalid(json.dumps(VALID).replace('"quantity": 1', f'"quantity": {number}'))[0] == "lines[0].quantity"


@pytest.mark.parametrize("row", [None, 1, "x", [], True])
def test_row_that_is_not_an_object_is_rejected(row):
    assert parse_invalid(json.dumps(row)) == ("", "must be an object")


def test_deeply_nested_json_is_unreadable():
    with pytest.raises(strict_json.UnreadableInput):
        strict_json.parse_json("[" * 20_000 + "]" * 20_000)


def test_optional_fields_may_be_missing():
    row = {key: value for key, value in VALID.items() if key not in ("click_id", "coupon", "customer")}
    row["lines"] = [{key: value for key, value in row["lines"][0].items() if key not in ("sku", "title")}]
    assert read(row).lines[0].title == ""


def test_serialization_ignores_key_order_offsets_and_nulls():
    reordered = dict(reversed(list(VALID.items()))) | {"updated_at": "2026-01-10T14:00:00.000+02:00"}
    assert read(reordered).serialize() == read(VALID).serialize()
    assert read(VALID | {"coupon": "X"}).serialize()[1] != read(VALID).serialize()[1]


def test_customer_reference_is_stored_as_keyed_hash():
    stored = json.dumps(read(VALID).build_content())
    assert "17850" not in stored
    assert read(json.loads(stored)).serialize() == read(VALID).serialize()
    other = Reader(currency="USD", now=NOW, key="another key").read(VALID)
    assert other.customer_hash != read(VALID).customer_hash


def test_updated_at_may_be_five_minutes_ahead():
    assert read(VALID | {"updated_at": "2026-03-01T12:05:00Z"}).order_id == "A1"
