"""Examples of the API, in the order in which they run, for a program with the seed agreement and the affiliate R1850.

A test sends all of them and compares every response.
"""

import json
from typing import Any, NamedTuple

from shops.api.bodies import JSON, NDJSON

PLACED_AT = "2026-01-10T12:00:00Z"


class Example(NamedTuple):
    operation: str
    name: str
    summary: str
    order_id: str | None
    content_type: str | None
    body: Any
    status: int
    response: Any


def build_snapshot(order_id: str, currency: str, **changed: Any) -> dict[str, Any]:
    return {
        "order_id": order_id,
        "updated_at": PLACED_AT,
        "status": "paid",
        "placed_at": PLACED_AT,
        "completed_at": None,
        "currency": currency,
        "click_id": None,
        "coupon": "R1850",
        "customer": {"ref": "17850", "country": "United Kingdom"},
        "lines": [_build_line()],
    } | changed


def _build_line(**changed: Any) -> dict[str, Any]:
    return {
        "line_id": "1",
        "sku": "85123A",
        "title": "White hanging heart",
        "category": "home-decor",
        "quantity": 6,
        "amount": "15.30",
        "refunded": "0.00",
    } | changed


def _build_result(
    order_id: str | None, outcome: str, affiliate: str | None, reason: str, commission: str | None
) -> Any:
    return {
        "order_id": order_id, "outcome": outcome, "affiliate": affiliate, "reason": reason, "commission": commission,
    }  # fmt: skip


def _build_error(code: str, message: str, field: str | None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "field": field}}


def build_examples(currency: str) -> list[Example]:
    """Return the examples in the program's currency."""
    completed = {"status": "completed", "updated_at": "2026-01-12T09:30:00Z", "completed_at": "2026-01-12T09:30:00Z"}
    refunded = completed | {"lines": [_build_line(refunded="5.30")], "updated_at": "2026-01-20T08:00:00Z"}
    late = {"updated_at": "2026-01-11T10:00:00Z"}
    conflict = "this version is known with other content"
    amount_format = 'must be a string with two decimals, e.g. "15.30"'
    uncredited = build_snapshot("1002", currency, coupon=None)
    second = build_snapshot("1003", currency, lines=[_build_line(category="jewelry-accessories", amount="100.00")])
    third = build_snapshot("1004", currency, coupon="UNKNOWN")

    def put(name: str, summary: str, changed: dict[str, Any], status: int, response: Any) -> Example:
        return Example(
            "PUT", name, summary, "1001", JSON, build_snapshot("1001", currency, **changed), status, response
        )

    def credited(outcome: str, commission: str) -> Any:
        return _build_result("1001", outcome, "R1850", "coupon", commission)

    return [
        put("created", "New order", {}, 201, credited("created", "0.77")),
        put("updated", "Completed order", completed, 200, credited("updated", "0.77")),
        put("unchanged", "Repeated snapshot", completed, 200, credited("unchanged", "0.77")),
        put("refunded", "Partial refund", refunded, 200, credited("updated", "0.50")),
        put("stale", "Late, older snapshot", late, 200, credited("stale", "0.50")),
        put(
            "conflict", "Known `updated_at`, different content", completed | {"coupon": None}, 409,
            _build_error("conflict", conflict, "updated_at"),
        ),
        put(
            "rejected", "Amount with one decimal", {"lines": [_build_line(amount="15.3")]}, 422,
            _build_error("rejected", amount_format, "lines[0].amount"),
        ),
        Example(
            "POST", "array", "Two rows, one of them invalid", None, JSON,
            [uncredited, uncredited | {"status": "shipped"}], 200,
            [
                _build_result("1002", "created", None, "no_claim", "0.00"),
                _build_result("1002", "rejected", None, "status: must be paid, completed or cancelled", None),
            ],
        ),
        Example(
            "POST", "lines", "One object per line", None, NDJSON,
            f"{json.dumps(second)}\n{json.dumps(third)}\n", 200,
            [
                _build_result("1003", "created", "R1850", "coupon", "8.50"),
                _build_result("1004", "created", None, "coupon_unknown", "0.00"),
            ],
        ),
        Example(
            "GET", "order", "Order with attribution and commission", "1001", None, None, 200, _build_order(currency)
        ),
        Example(
            "GET", "unknown", "Unknown order", "9999", None, None, 404,
            _build_error("not_found", "There is no order with this id.", "order_id"),
        ),
    ]  # fmt: skip


def _build_order(currency: str) -> dict[str, Any]:
    line = _build_line(refunded="5.30")
    steps = [
        ("rate_card", "4.1", "Rate card of version 1: Home decor, 5.00 %."),
        ("refunds", "4.3", "15.30 paid less 5.30 refunded is 10.00."),
        ("rounding", "4.4", "10.00 x 5.00 % = 0.50, rounded once to the cent."),
    ]
    commission = {
        "amount": "0.50",
        "base": "10.00",
        "rate": "5.00",
        "agreement": "1",
        "clause": "4.1",
        "steps": [dict(zip(("rule", "clause", "text"), step, strict=True)) for step in steps],
        "validates_at": "2026-02-11T09:30:00Z",
    }
    return {
        "order_id": "1001",
        "updated_at": "2026-01-20T08:00:00Z",
        "status": "completed",
        "placed_at": PLACED_AT,
        "completed_at": "2026-01-12T09:30:00Z",
        "currency": currency,
        "coupon": "R1850",
        "coupons": ["R1850"],
        "click_id": None,
        "affiliate": "R1850",
        "reason": "coupon",
        "reason_text": "the coupon was assigned to this affiliate",
        "attribution_frozen": False,
        "agreement": "1",
        "clause": "3.5",
        "commission": "0.50",
        "lines": [line | {"commission": commission}],
    }
