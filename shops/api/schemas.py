"""The forms of what is sent and answered, as JSON Schema, from the very constants that the strict reader refuses by."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shops.api.problems import ERROR_KINDS
from tracking.models import Reason
from tracking.orders import snapshots
from tracking.orders.incoming import Outcome
from tracking.orders.snapshots import MAX_LENGTHS

Schema = dict[str, Any]

# What each outcome means, and the status of a PUT that has it.
OUTCOMES: dict[Outcome, tuple[int, str]] = {
    Outcome.CREATED: (201, "the order's first snapshot"),
    Outcome.UPDATED: (200, "newer than what was known"),
    Outcome.UNCHANGED: (200, "this very snapshot was taken before"),
    Outcome.STALE: (200, "a newer one is known; this one is kept as a receipt"),
    Outcome.CONFLICT: (409, "this version is known with other content"),
    Outcome.REJECTED: (422, "not of the form: the field and the cause are named"),
}


def _convert_pattern(expression: re.Pattern[str]) -> str:
    return f"^(?:{expression.pattern})$".replace(r"\d", "[0-9]")


AMOUNT = _convert_pattern(snapshots.AMOUNT)


def build_ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def build_schemas(currency: str) -> dict[str, Schema]:
    """Every form by its name; `currency` is the program's."""
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


def _build_text(description: str, most: int, **more: Any) -> Schema:
    return {"type": "string", "maxLength": most, "description": description} | more


def _allow_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


def _build_datetime(description: str) -> Schema:
    return {
        "type": "string",
        "format": "date-time",
        "pattern": _convert_pattern(snapshots.TIMESTAMP),
        "description": description,
    }


def _build_amount(description: str) -> Schema:
    return {"type": "string", "pattern": AMOUNT, "description": description}


def _build_order_id() -> Schema:
    return {
        "type": "string",
        "pattern": _convert_pattern(snapshots.ORDER_ID),
        "description": "The shop's id of the order: 1 to 64 of letters, digits, `.`, `_`, `-`.",
    }


def _build_status() -> Schema:
    said = "`paid` (`completed_at` is null), `completed` (it is set) or `cancelled` (either)."
    return {"type": "string", "enum": list(snapshots.STATUSES), "description": said}


def _build_currency(currency: str) -> Schema:
    return {"type": "string", "enum": [currency], "description": "The program's currency."}


def _build_snapshot(currency: str) -> Schema:
    fields = {
        "order_id": _build_order_id(),
        "updated_at": _build_datetime("The version of the order: the newest wins. In no future beyond five minutes."),
        "status": _build_status(),
        "placed_at": _build_datetime("When the customer ordered; the same in every snapshot of an order."),
        "completed_at": _allow_null(_build_datetime("When the order was completed; not before `placed_at`.")),
        "currency": _build_currency(currency),
        "click_id": _allow_null(_build_text("What the tracking link added to your address.", MAX_LENGTHS["click_id"])),
        "coupon": _allow_null(
            _build_text("The code that the customer used; compared without regard to case.", MAX_LENGTHS["coupon"])
        ),
        "customer": {"anyOf": [build_ref("Customer"), {"type": "null"}]},
        "lines": {
            "type": "array",
            "items": build_ref("Line"),
            "minItems": 1,
            "maxItems": snapshots.MAX_LINES,
            "description": "All lines of the order as it now stands. One that an older snapshot had counts as 0.00.",
        },
    }
    said = "An order as it stands now. Send it whenever it changes, as often, as late and in whatever order you like."
    form = _build_object({key: fields[key] for key in snapshots.KEYS}, snapshots.REQUIRED, said)
    return form | {
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
    filled = {"minLength": 1, "pattern": r"\S"}
    fields = {
        "line_id": _build_text("Its own within the order.", MAX_LENGTHS["line_id"], **filled),
        "sku": _allow_null(_build_text("The shop's number of the article.", MAX_LENGTHS["sku"])),
        "title": _allow_null(_build_text("What it is called.", MAX_LENGTHS["title"])),
        "category": _build_text(
            "A category of the rate card, spelled as it is there; every other earns the rate for everything else.",
            MAX_LENGTHS["category"],
            **filled,
        ),
        "quantity": {
            "type": "integer",
            "minimum": 1,
            "maximum": snapshots.MAX_QUANTITY,
            "description": f"How many, as a whole number from 1 to {snapshots.MAX_QUANTITY}.",
        },
        "amount": _build_amount(
            f"What the customer paid for the line, without shipping and tax, at most {snapshots.MAX_AMOUNT}: "
            "digits, a point and two digits, in the program's currency."
        ),
        "refunded": _build_amount("How much of the amount was given back so far; at most the amount."),
    }
    return _build_object(
        {key: fields[key] for key in snapshots.LINE_KEYS}, snapshots.LINE_REQUIRED, "A line of an order."
    )


def _build_customer() -> Schema:
    fields = {
        "ref": _allow_null(
            _build_text("Your number of the customer; kept as a keyed hash alone.", MAX_LENGTHS["customer.ref"])
        ),
        "country": _allow_null(_build_text("Where the customer is, as you call it.", MAX_LENGTHS["customer.country"])),
    }
    return _build_object({key: fields[key] for key in snapshots.CUSTOMER_KEYS}, (), "Who ordered.")


def _build_result() -> Schema:
    fields: dict[str, Schema] = {
        "order_id": _allow_null(_build_text("As it was sent; null for a row that names none.", 64)),
        "outcome": {
            "type": "string",
            "enum": [outcome.value for outcome in Outcome],
            "description": _describe_outcomes(OUTCOMES),
        },
        "affiliate": _allow_null(_build_text("The code of the affiliate whose order it is; null for nobody's.", 64)),
        "reason": {
            "type": ["string", "null"],
            "description": "Why it is whose it is, or nobody's; of a refused row, the field and the cause.",
        },
        "commission": _allow_null(_build_amount("What the order earns, in the program's currency.")),
    }
    return _build_object(fields, list(fields), "What became of one row.")


def _build_order(currency: str) -> Schema:
    content = _build_snapshot(currency)["properties"]
    names = ("order_id", "updated_at", "status", "placed_at", "completed_at", "currency", "coupon", "click_id")
    fields: dict[str, Schema] = {name: content[name] for name in names}
    fields |= {
        "affiliate": _allow_null(_build_text("The code of the affiliate whose order it is; null for nobody's.", 64)),
        "reason": {"type": "string", "enum": [reason.value for reason in Reason], "description": _describe_reasons()},
        "reason_text": {"type": "string", "description": "The reason in words."},
        "attribution_frozen": {
            "type": "boolean",
            "description": "Whether a close has settled a line of it, so that it stays whose it is.",
        },
        "agreement": _allow_null({"type": "string", "description": "The version of the agreement that decided it."}),
        "clause": _allow_null({"type": "string", "description": "The clause of that version."}),
        "commission": _build_amount("What the order earns, in the program's currency."),
        "lines": {"type": "array", "items": build_ref("OrderLine")},
    }
    return _build_object(
        fields, list(fields), "An order as it stands: whose it is and why, and what each line earns and why."
    )


def _build_order_line() -> Schema:
    line = _build_line()["properties"]
    fields = {name: line[name] for name in snapshots.LINE_KEYS}
    fields["commission"] = {
        "anyOf": [build_ref("Commission"), {"type": "null"}],
        "description": "Null for nobody's order.",
    }
    return _build_object(fields, list(fields), "A line as it stands.")


def _build_commission() -> Schema:
    fields: dict[str, Schema] = {
        "amount": _build_amount("What the line earns, rounded once."),
        "base": _build_amount("What it is reckoned from: the amount without what was refunded; 0.00 if cancelled."),
        "rate": _build_amount("Percent."),
        "agreement": {"type": "string", "description": "The version of the agreement whose rate it is."},
        "clause": {"type": "string", "description": "The clause of that version."},
        "steps": {"type": "array", "items": build_ref("Step"), "description": "Every step that led to it, in order."},
        "validates_at": _allow_null(_build_datetime("From when on it can be paid; null until the order is completed.")),
    }
    return _build_object(fields, list(fields), "What a line earns, and why.")


def _build_step() -> Schema:
    fields = {
        "rule": {"type": "string", "description": "The rule by its name."},
        "clause": {"type": "string", "description": "The clause that states it."},
        "text": {"type": "string", "description": "The step in words."},
    }
    return _build_object(fields, list(fields), "One step on the way to a commission.")


def _build_error() -> Schema:
    field: Schema = {
        "type": ["string", "null"],
        "description": "What it is about: a field's path, as `lines[0].amount`.",
    }
    fields: dict[str, Schema] = {
        "code": {"type": "string", "enum": list(ERROR_KINDS), "description": "For programs."},
        "message": {"type": "string", "description": "For people: what is wrong."},
        "field": field,
    }
    return _build_object({"error": _build_object(fields, list(fields), "What is wrong.")}, ["error"], "An error.")
