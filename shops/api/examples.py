"""Examples of the API, in the order in which they run: each was sent to a program that had the affiliate R1850, under the
example agreement. A test sends all of them again and compares every answer, so what is shown is what happens."""

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
    said = {"order_id": order_id, "outcome": outcome, "affiliate": affiliate}
    return said | {"reason": reason, "commission": commission}


def _build_error(code: str, message: str, field: str | None) -> dict[str, Any]:
    return {"error": {"code": code, "message": message, "field": field}}


def build_examples(currency: str) -> list[Example]:
    """All of them, in the program's currency."""
    done = {"status": "completed", "updated_at": "2026-01-12T09:30:00Z", "completed_at": "2026-01-12T09:30:00Z"}
    refunded = done | {"lines": [_build_line(refunded="5.30")], "updated_at": "2026-01-20T08:00:00Z"}
    late = {"updated_at": "2026-01-11T10:00:00Z"}
    known = "this version is known with other content"
    form = 'must be a string of digits, a point and two digits, as "15.30"'
    nobodys = build_snapshot("1002", currency, coupon=None)
    second = build_snapshot("1003", currency, lines=[_build_line(category="jewelry-accessories", amount="100.00")])
    third = build_snapshot("1004", currency, coupon="NOBODYS")

    def put(name: str, summary: str, changed: dict[str, Any], status: int, answer: Any) -> Example:
        return Example("PUT", name, summary, "1001", JSON, build_snapshot("1001", currency, **changed), status, answer)

    def ours(outcome: str, commission: str) -> Any:
        return _build_result("1001", outcome, "R1850", "coupon", commission)

    return [
        put("created", "An order is placed", {}, 201, ours("created", "0.77")),
        put("updated", "It is completed", done, 200, ours("updated", "0.77")),
        put("unchanged", "The same snapshot again", done, 200, ours("unchanged", "0.77")),
        put("refunded", "Some of it is given back", refunded, 200, ours("updated", "0.50")),
        put("stale", "An older snapshot arrives late", late, 200, ours("stale", "0.50")),
        put(
            "conflict", "A known version with other content", done | {"coupon": None}, 409,
            _build_error("conflict", known, "updated_at"),
        ),
        put(
            "rejected", "An amount of one decimal", {"lines": [_build_line(amount="15.3")]}, 422,
            _build_error("rejected", form, "lines[0].amount"),
        ),
        Example(
            "POST", "array", "Two rows, of which one is refused", None, JSON,
            [nobodys, nobodys | {"status": "shipped"}], 200,
            [
                _build_result("1002", "created", None, "no_claim", "0.00"),
                _build_result("1002", "rejected", None, "status: must be paid, completed or cancelled", None),
            ],
        ),
        Example(
            "POST", "lines", "One object a line", None, NDJSON,
            f"{json.dumps(second)}\n{json.dumps(third)}\n", 200,
            [
                _build_result("1003", "created", "R1850", "coupon", "8.50"),
                _build_result("1004", "created", None, "coupon_unknown", "0.00"),
            ],
        ),
        Example("GET", "order", "Whose order it is, and why", "1001", None, None, 200, _build_order(currency)),
        Example(
            "GET", "unknown", "An order that nobody has sent", "9999", None, None, 404,
            _build_error("not_found", "There is no order of this id.", "order_id"),
        ),
    ]  # fmt: skip


def _build_order(currency: str) -> dict[str, Any]:
    given = _build_line(refunded="5.30")
    steps = [
        ("rate_card", "4.1", "Rate card of version 1: home-decor, 5.00 %."),
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
        "click_id": None,
        "affiliate": "R1850",
        "reason": "coupon",
        "reason_text": "the coupon names this affiliate",
        "attribution_frozen": False,
        "agreement": "1",
        "clause": "3.5",
        "commission": "0.50",
        "lines": [given | {"commission": commission}],
    }
