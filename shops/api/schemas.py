"""The forms of what is sent and answered, as JSON Schema, from the very constants that the strict reader refuses by."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from shops.api.problems import KINDS
from tracking.models import Reason
from tracking.orders import snapshots
from tracking.orders.ingestion import Outcome
from tracking.orders.snapshots import LONGEST

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


def _pattern(expression: re.Pattern[str]) -> str:
    return f"^(?:{expression.pattern})$".replace(r"\d", "[0-9]")


AMOUNT = _pattern(snapshots.AMOUNT)


def ref(name: str) -> Schema:
    return {"$ref": f"#/components/schemas/{name}"}


def schemas(currency: str) -> dict[str, Schema]:
    """Every form by its name; `currency` is the program's."""
    return {
        "Snapshot": _snapshot(currency),
        "Line": _line(),
        "Customer": _customer(),
        "Result": _result(),
        "Order": _order(currency),
        "OrderLine": _order_line(),
        "Commission": _commission(),
        "Step": _step(),
        "Error": _error(),
    }


def _reasons() -> str:
    return "; ".join(f"`{reason.value}`: {reason.label}" for reason in Reason) + "."


def _listed(meanings: Mapping[Outcome, tuple[int, str]]) -> str:
    return "; ".join(f"`{name}`: {meaning}" for name, (_status, meaning) in meanings.items()) + "."


def _object(properties: Mapping[str, Schema], required: Sequence[str], description: str) -> Schema:
    return {
        "type": "object",
        "description": description,
        "properties": dict(properties),
        "required": list(required),
        "additionalProperties": False,
    }


def _text(description: str, most: int, **more: Any) -> Schema:
    return {"type": "string", "maxLength": most, "description": description} | more


def _or_null(schema: Schema) -> Schema:
    return schema | {"type": [schema["type"], "null"]}


def _moment(description: str) -> Schema:
    return {
        "type": "string",
        "format": "date-time",
        "pattern": _pattern(snapshots.MOMENT),
        "description": description,
    }


def _amount(description: str) -> Schema:
    return {"type": "string", "pattern": AMOUNT, "description": description}


def _order_id() -> Schema:
    return {
        "type": "string",
        "pattern": _pattern(snapshots.ORDER_ID),
        "description": "The shop's id of the order: 1 to 64 of letters, digits, `.`, `_`, `-`.",
    }


def _status() -> Schema:
    said = "`paid` (`completed_at` is null), `completed` (it is set) or `cancelled` (either)."
    return {"type": "string", "enum": list(snapshots.STATUSES), "description": said}


def _currency(currency: str) -> Schema:
    return {"type": "string", "enum": [currency], "description": "The program's currency."}


def _snapshot(currency: str) -> Schema:
    fields = {
        "order_id": _order_id(),
        "updated_at": _moment("The version of the order: the newest wins. In no future beyond five minutes."),
        "status": _status(),
        "placed_at": _moment("When the customer ordered; the same in every snapshot of an order."),
        "completed_at": _or_null(_moment("When the order was completed; not before `placed_at`.")),
        "currency": _currency(currency),
        "click_id": _or_null(_text("What the tracking link added to your address.", LONGEST["click_id"])),
        "coupon": _or_null(
            _text("The code that the customer used; compared without regard to case.", LONGEST["coupon"])
        ),
        "customer": {"anyOf": [ref("Customer"), {"type": "null"}]},
        "lines": {
            "type": "array",
            "items": ref("Line"),
            "minItems": 1,
            "maxItems": snapshots.MAX_LINES,
            "description": "All lines of the order as it now stands. One that an older snapshot had counts as 0.00.",
        },
    }
    said = "An order as it stands now. Send it whenever it changes, as often, as late and in whatever order you like."
    form = _object({key: fields[key] for key in snapshots.KEYS}, snapshots.REQUIRED, said)
    return form | {
        "allOf": [
            _if("status", "paid", {"properties": {"completed_at": {"type": "null"}}}),
            _if(
                "status",
                "completed",
                {"properties": {"completed_at": {"type": "string"}}, "required": ["completed_at"]},
            ),
        ]
    }


def _if(field: str, value: str, then: Schema) -> Schema:
    return {"if": {"properties": {field: {"const": value}}, "required": [field]}, "then": then}


def _line() -> Schema:
    filled = {"minLength": 1, "pattern": r"\S"}
    fields = {
        "line_id": _text("Its own within the order.", LONGEST["line_id"], **filled),
        "sku": _or_null(_text("The shop's number of the article.", LONGEST["sku"])),
        "title": _or_null(_text("What it is called.", LONGEST["title"])),
        "category": _text(
            "A category of the rate card, spelled as it is there; every other earns the rate for everything else.",
            LONGEST["category"],
            **filled,
        ),
        "quantity": {
            "type": "integer",
            "minimum": 1,
            "maximum": snapshots.MAX_QUANTITY,
            "description": f"How many, as a whole number from 1 to {snapshots.MAX_QUANTITY}.",
        },
        "amount": _amount(
            f"What the customer paid for the line, without shipping and tax, at most {snapshots.MAX_AMOUNT}: "
            "digits, a point and two digits, in the program's currency."
        ),
        "refunded": _amount("How much of the amount was given back so far; at most the amount."),
    }
    return _object({key: fields[key] for key in snapshots.LINE_KEYS}, snapshots.LINE_REQUIRED, "A line of an order.")


def _customer() -> Schema:
    fields = {
        "ref": _or_null(_text("Your number of the customer; kept as a keyed hash alone.", LONGEST["customer.ref"])),
        "country": _or_null(_text("Where the customer is, as you call it.", LONGEST["customer.country"])),
    }
    return _object({key: fields[key] for key in snapshots.CUSTOMER_KEYS}, (), "Who ordered.")


def _result() -> Schema:
    fields: dict[str, Schema] = {
        "order_id": _or_null(_text("As it was sent; null for a row that names none.", 64)),
        "outcome": {"type": "string", "enum": [outcome.value for outcome in Outcome], "description": _listed(OUTCOMES)},
        "affiliate": _or_null(_text("The code of the affiliate whose order it is; null for nobody's.", 64)),
        "reason": {
            "type": ["string", "null"],
            "description": "Why it is whose it is, or nobody's; of a refused row, the field and the cause.",
        },
        "commission": _or_null(_amount("What the order earns, in the program's currency.")),
    }
    return _object(fields, list(fields), "What became of one row.")


def _order(currency: str) -> Schema:
    content = _snapshot(currency)["properties"]
    names = ("order_id", "updated_at", "status", "placed_at", "completed_at", "currency", "coupon", "click_id")
    fields: dict[str, Schema] = {name: content[name] for name in names}
    fields |= {
        "affiliate": _or_null(_text("The code of the affiliate whose order it is; null for nobody's.", 64)),
        "reason": {"type": "string", "enum": [reason.value for reason in Reason], "description": _reasons()},
        "reason_text": {"type": "string", "description": "The reason in words."},
        "attribution_frozen": {
            "type": "boolean",
            "description": "Whether a close has settled a line of it, so that it stays whose it is.",
        },
        "agreement": _or_null({"type": "string", "description": "The version of the agreement that decided it."}),
        "clause": _or_null({"type": "string", "description": "The clause of that version."}),
        "commission": _amount("What the order earns, in the program's currency."),
        "lines": {"type": "array", "items": ref("OrderLine")},
    }
    return _object(
        fields, list(fields), "An order as it stands: whose it is and why, and what each line earns and why."
    )


def _order_line() -> Schema:
    line = _line()["properties"]
    fields = {name: line[name] for name in snapshots.LINE_KEYS}
    fields["commission"] = {"anyOf": [ref("Commission"), {"type": "null"}], "description": "Null for nobody's order."}
    return _object(fields, list(fields), "A line as it stands.")


def _commission() -> Schema:
    fields: dict[str, Schema] = {
        "amount": _amount("What the line earns, rounded once."),
        "base": _amount("What it is reckoned from: the amount without what was refunded; 0.00 if cancelled."),
        "rate": _amount("Percent."),
        "agreement": {"type": "string", "description": "The version of the agreement whose rate it is."},
        "clause": {"type": "string", "description": "The clause of that version."},
        "steps": {"type": "array", "items": ref("Step"), "description": "Every step that led to it, in order."},
        "validates_at": _or_null(_moment("From when on it can be paid; null until the order is completed.")),
    }
    return _object(fields, list(fields), "What a line earns, and why.")


def _step() -> Schema:
    fields = {
        "rule": {"type": "string", "description": "The rule by its name."},
        "clause": {"type": "string", "description": "The clause that states it."},
        "text": {"type": "string", "description": "The step in words."},
    }
    return _object(fields, list(fields), "One step on the way to a commission.")


def _error() -> Schema:
    field: Schema = {
        "type": ["string", "null"],
        "description": "What it is about: a field's path, as `lines[0].amount`.",
    }
    fields: dict[str, Schema] = {
        "code": {"type": "string", "enum": list(KINDS), "description": "For programs."},
        "message": {"type": "string", "description": "For people: what is wrong."},
        "field": field,
    }
    return _object({"error": _object(fields, list(fields), "What is wrong.")}, ["error"], "An error.")
