"""JSON Schemas of requests and responses, built from the constants that the strict reader validates with."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shops.api.problems import ERROR_KINDS
from tracking.models import Reason
from tracking.orders import snapshot_fields, snapshots
from tracking.orders.incoming import Outcome
from tracking.orders.snapshot_fields import MAX_LENGTHS, MAX_SENT_LENGTHS

Schema = dict[str, Any]

# The status of a PUT with each outcome, and its meaning.
OUTCOMES: dict[Outcome, tuple[int, str]] = {
    Outcome.CREATED: (201, "first snapshot of the order"),
    Outcome.UPDATED: (200, "newer than the known snapshots"),
    Outcome.UNCHANGED: (200, "this snapshot is already known"),
    Outcome.STALE: (200, "a newer snapshot is known; this one is stored but changes nothing"),
    Outcome.CONFLICT: (409, "a snapshot with this `updated_at` is known with different content"),
    Outcome.REJECTED: (422, "invalid; the field and the cause are named"),
}


def _convert_pattern(expression: re.Pattern[str]) -> str:
    return f"^(?:{expression.pattern})$".replace(r"\d", "[0-9]")


AMOUNT = _convert_pattern(snapshot_fields.AMOUNT)


def build_ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def build_schemas(currency: str) -> dict[str, Schema]:
    """Return every schema by name; `currency` is the program's."""
    return {
        "Snapshot": _build_snapshot(currency),
        "Line": _build_line(),
        "Customer": _build_customer(),
        "Result": _build_result(),
        "Order": _build_order(currency),
        "OrderLine": _build_order_line(),
        "Commission": _build_commission(),
        "Step": _build_step(),
        "Error": _build_error(),
    }


def _describe_reasons() -> str:
    return "; ".join(f"`{reason.value}`: {reason.label}" for reason in Reason) + "."


def _describe_outcomes(meanings: Mapping[Outcome, tuple[int, str]]) -> str:
    return "; ".join(f"`{name}`: {meaning}" for name, (_status, meaning) in meanings.items()) + "."


def _build_object(properties: Mapping[str, Schema], required: Sequence[str], description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def _build_text(description: str, max_length: int, **keywords: Any) -> Schema:
    return {"type": "string", "maxLength": max_length, "description": description} | keywords


def _allow_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


def _build_coupon(description: str) -> Schema:
    return _build_text(f"{description} Read without white space around it.", MAX_LENGTHS["coupon"])


def _build_datetime(description: str) -> Schema:
    return {
        "type": "string",
        "format": "date-time",
        "pattern": _convert_pattern(snapshot_fields.TIMESTAMP),
        "description": description,
    }


def _build_amount(description: str) -> Schema:
    return {"type": "string", "pattern": AMOUNT, "description": description}


def _build_order_id() -> Schema:
    return {
        "type": "string",
        "pattern": _convert_pattern(snapshots.ORDER_ID),
        "description": "The shop's order id: 1 to 64 letters, digits, `.`, `_` or `-`.",
    }


def _build_status() -> Schema:
    description = "`paid` (`completed_at` is null), `completed` (it is set) or `cancelled` (either)."
    return {"type": "string", "enum": list(snapshots.STATUSES), "description": description}


def _build_currency(currency: str) -> Schema:
    return {"type": "string", "enum": [currency], "description": "The program's currency."}


def _build_snapshot(currency: str) -> Schema:
    fields = {
        "order_id": _build_order_id(),
        "updated_at": _build_datetime(
            "When the order last changed; the newest snapshot wins. At most five minutes in the future."
        ),
        "status": _build_status(),
        "placed_at": _build_datetime("When the customer placed the order; the same in every snapshot."),
        "completed_at": _allow_null(_build_datetime("When the order was completed; not before `placed_at`.")),
        "currency": _build_currency(currency),
        "click_id": _allow_null(
            _build_text("The click id of the landing URL, or that URL as a whole.", MAX_SENT_LENGTHS["click_id"])
        ),
        "coupon": _allow_null(_build_coupon("The coupon code that the customer used; case does not matter.")),
        "coupons": {
            "type": ["array", "null"],
            "items": _allow_null(_build_coupon("A coupon code.")),
            "maxItems": snapshot_fields.MAX_COUPONS,
            "description": "Instead of `coupon`, if several were used. The first assigned at `placed_at` counts.",
        },
        "customer": {"anyOf": [build_ref("Customer"), {"type": "null"}]},
        "lines": {
            "type": "array",
            "items": build_ref("Line"),
            "minItems": 1,
            "maxItems": snapshots.MAX_LINES,
            "description": "All current lines of the order. A line that only an older snapshot had counts as 0.00.",
        },
    }
    description = "The current state of an order. Send it whenever the order changes; repeats and delays do no harm."
    schema = _build_object({key: fields[key] for key in snapshots.KEYS}, snapshots.REQUIRED, description)
    return schema | {
        "allOf": [
            _build_condition("status", "paid", {"properties": {"completed_at": {"type": "null"}}}),
            _build_condition(
                "status",
                "completed",
                {"properties": {"completed_at": {"type": "string"}}, "required": ["completed_at"]},
            ),
        ]
    }


def _build_condition(field: str, value: str, then: Schema) -> Schema:
    return {"if": {"properties": {field: {"const": value}}, "required": [field]}, "then": then}


def _build_line() -> Schema:
    not_blank = {"minLength": 1, "pattern": r"\S"}
    fields = {
        "line_id": _build_text("Unique within the order.", MAX_LENGTHS["line_id"], **not_blank),
        "sku": _allow_null(_build_text("The shop's article number.", MAX_LENGTHS["sku"])),
        "title": _allow_null(_build_text("The name of the article.", MAX_LENGTHS["title"])),
        "category": _build_text(
            "A category of the rate card; case does not matter. Any other earns the rate for everything else.",
            MAX_LENGTHS["category"],
            **not_blank,
        ),
        "quantity": {
            "type": "integer",
            "minimum": 1,
            "maximum": snapshots.MAX_QUANTITY,
            "description": f"A whole number from 1 to {snapshots.MAX_QUANTITY}.",
        },
        "amount": _build_amount(
            f"What the customer paid for the line, without shipping and tax, at most {snapshot_fields.MAX_AMOUNT}, "
            "with two decimals, in the program's currency."
        ),
        "refunded": _build_amount("How much of the amount has been refunded so far; at most the amount."),
    }
    return _build_object(
        {key: fields[key] for key in snapshots.LINE_KEYS}, snapshots.LINE_REQUIRED, "A line of an order."
    )


def _build_customer() -> Schema:
    fields = {
        "ref": _allow_null(
            _build_text("Your customer number; stored only as a keyed hash.", MAX_LENGTHS["customer.ref"])
        ),
        "country": _allow_null(
            _build_text("The customer's country, in any spelling.", MAX_LENGTHS["customer.country"])
        ),
    }
    return _build_object({key: fields[key] for key in snapshots.CUSTOMER_KEYS}, (), "The customer.")


def _build_result() -> Schema:
    fields: dict[str, Schema] = {
        "order_id": _allow_null(_build_text("The order id that was sent; null if the row has none.", 64)),
        "outcome": {
            "type": "string",
            "enum": [outcome.value for outcome in Outcome],
            "description": _describe_outcomes(OUTCOMES),
        },
        "affiliate": _allow_null(
            _build_text("The code of the affiliate to whom the order is credited; null if none.", 64)
        ),
        "reason": {
            "type": ["string", "null"],
            "description": "The attribution reason; for a rejected row, the field and the cause.",
        },
        "commission": _allow_null(_build_amount("The commission of the order, in the program's currency.")),
    }
    return _build_object(fields, list(fields), "The result of one row.")


def _build_order(currency: str) -> Schema:
    content = _build_snapshot(currency)["properties"]
    names = ("order_id", "updated_at", "status", "placed_at", "completed_at", "currency", "coupon", "click_id")
    fields: dict[str, Schema] = {name: content[name] for name in names}
    fields["coupon"] = _allow_null(_build_coupon("Of several codes the first that is assigned, else the first."))
    fields["coupons"] = {
        "type": "array",
        "items": _build_text("A coupon code as it was read.", 64),
        "description": "All coupon codes of the newest snapshot.",
    }
    fields |= {
        "affiliate": _allow_null(
            _build_text("The code of the affiliate to whom the order is credited; null if none.", 64)
        ),
        "reason": {"type": "string", "enum": [reason.value for reason in Reason], "description": _describe_reasons()},
        "reason_text": {"type": "string", "description": "The reason in words."},
        "attribution_frozen": {
            "type": "boolean",
            "description": "Whether a close has settled a line, so that the attribution no longer changes.",
        },
        "agreement": _allow_null(
            {"type": "string", "description": "The agreement version that decided the attribution."}
        ),
        "clause": _allow_null({"type": "string", "description": "The clause of that version."}),
        "commission": _build_amount("The commission of the order, in the program's currency."),
        "lines": {"type": "array", "items": build_ref("OrderLine")},
    }
    return _build_object(
        fields, list(fields), "The current state of an order, its attribution, and the commission of each line."
    )


def _build_order_line() -> Schema:
    line = _build_line()["properties"]
    fields = {name: line[name] for name in snapshots.LINE_KEYS}
    fields["commission"] = {
        "anyOf": [build_ref("Commission"), {"type": "null"}],
        "description": "Null if the order is not credited to an affiliate.",
    }
    return _build_object(fields, list(fields), "A line with its commission.")


def _build_commission() -> Schema:
    fields: dict[str, Schema] = {
        "amount": _build_amount("The commission, rounded once."),
        "base": _build_amount("The amount less refunds, from which the commission is calculated; 0.00 if cancelled."),
        "rate": _build_amount("The rate in percent."),
        "agreement": {"type": "string", "description": "The agreement version that sets the rate."},
        "clause": {"type": "string", "description": "The clause of that version."},
        "steps": {
            "type": "array",
            "items": build_ref("Step"),
            "description": "The steps of the calculation, in order.",
        },
        "validates_at": _allow_null(
            _build_datetime("When the holding period ends; null until the order is completed.")
        ),
    }
    return _build_object(fields, list(fields), "The commission of a line, and its calculation.")


def _build_step() -> Schema:
    fields = {
        "rule": {"type": "string", "description": "The name of the rule."},
        "clause": {"type": "string", "description": "The clause that states it."},
        "text": {"type": "string", "description": "The step in words."},
    }
    return _build_object(fields, list(fields), "One step in the calculation of a commission.")


def _build_error() -> Schema:
    field: Schema = {
        "type": ["string", "null"],
        "description": "The path of the field it is about, such as `lines[0].amount`; null if none.",
    }
    fields: dict[str, Schema] = {
        "code": {"type": "string", "enum": list(ERROR_KINDS), "description": "A code for programs."},
        "message": {"type": "string", "description": "A message for people."},
        "field": field,
    }
    return _build_object({"error": _build_object(fields, list(fields), "What is wrong.")}, ["error"], "An error.")
