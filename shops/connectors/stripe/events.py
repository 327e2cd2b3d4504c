"""What Stripe's events say about payments: each becomes parts of the state of one order (specification 11). Pure.

No event has everything: the session has the sums, the charge its refunds, and all of them name the payment intent.
"""

import hashlib
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, NamedTuple

from shops.connectors.base import Ignored, Options, OrderParts, StoredEvent, format_version
from shops.connectors.parts import Part
from shops.connectors.stripe.fields import Object, read_amount, read_id, read_moment, read_object, read_text
from tracking.orders.snapshot_fields import Rejected

PATH = "data.object"
DEFAULT_CLICK_ID_METADATA = "click_id"
DEFAULT_CATEGORY_METADATA = "category"
# Since this version the part of a payment that is not captured is no refund.
CAPTURE_IS_NO_REFUND = "2025-03-31"
RETURNED = ("pending", "succeeded")
KEPT = ("failed", "canceled")
FINAL_DISPUTE = ("won", "lost", "warning_closed", "prevented")
# A session's id has 66 characters, more than an order id has left for it behind the connection's prefix.
MAX_KEY = 51
# What the API says about the promotion codes: their ids and, in the same order, as `coupons` their codes.
CODES_PART = "promotion codes"
COMPLETED = "checkout.session.completed"
SESSION_TOPICS = (COMPLETED, "checkout.session.async_payment_succeeded", "checkout.session.async_payment_failed")


class _Event(NamedTuple):
    topic: str
    at: datetime
    api_version: str
    content: Object
    options: Options

    def get_version(self, rank: int = 0) -> str:
        """Return the second of the event; `rank` is higher for what happened last within it."""
        return f"{format_version(self.at)}.{rank:016d}"


def read_event(event: StoredEvent, options: Options) -> OrderParts:
    """Return what an event says about its order. Raises Ignored and Rejected."""
    if not isinstance(event.content, dict):
        raise Rejected("body", "must be an object")
    topic = read_text(event.content, "body", "type")
    if topic.startswith(("invoice.", "customer.subscription.", "subscription_schedule.")):
        raise Ignored("subscriptions are out of scope")
    reader = _READERS.get(topic)
    if reader is None:
        raise Ignored(f"events of the type {topic or '(none)'} are not needed")
    if event.content.get("livemode") is False:
        raise Ignored("a test event, which has livemode false")
    found = _Event(
        topic,
        read_moment(event.content, "", "created", event.received_at),
        read_text(event.content, "body", "api_version"),
        read_object(read_object(event.content.get("data"), "data").get("object"), PATH),
        options,
    )
    return reader(found)


def get_option(options: Options, name: str, default: str = "") -> str:
    """Return an option that is a text, without spaces around it; `default` for an empty one."""
    return str(options.get(name) or "").strip() or default


def _read_session(event: _Event) -> OrderParts:
    session = event.content
    mode = read_text(session, PATH, "mode")
    if mode == "subscription":
        raise Ignored("subscriptions are out of scope")
    if mode == "setup":
        raise Ignored("a checkout that saves a payment method and sells nothing")
    parts = [Part("session", event.get_version(), _extract_session(session))]
    if event.topic == COMPLETED:
        parts.append(_note_moment("placed", event))
    if read_text(session, PATH, "payment_status") in ("paid", "no_payment_required"):
        parts.append(_note_moment("paid", event))
    if reference := read_text(session, PATH, "client_reference_id"):
        parts.append(Part("reference", event.get_version(), reference, keeps_first=True))
    names = {
        get_option(event.options, "click_id_metadata", DEFAULT_CLICK_ID_METADATA),
        get_option(event.options, "category_metadata", DEFAULT_CATEGORY_METADATA),
    }
    parts += _read_metadata(event, "metadata", names)
    return OrderParts(read_id(session, PATH, "payment_intent") or _shorten_id(session), parts)


def _extract_session(session: Object) -> dict[str, Any]:
    total = read_amount(session, PATH, "amount_total")
    details = read_object(session.get("total_details"), f"{PATH}.total_details")
    tax = read_amount(details, f"{PATH}.total_details", "amount_tax", 0)
    if session.get("shipping_cost") is None:
        shipping = read_amount(details, f"{PATH}.total_details", "amount_shipping", 0)
    else:
        path = f"{PATH}.shipping_cost"
        cost = read_object(session["shipping_cost"], path)
        shipping = read_amount(cost, path, "amount_total") - read_amount(cost, path, "amount_tax", 0)
    goods = total - tax - shipping
    if goods < 0 or shipping < 0:
        raise Rejected(f"{PATH}.amount_total", "must not be less than tax and shipping")
    customer = read_object(session.get("customer_details"), f"{PATH}.customer_details")
    address = read_object(customer.get("address"), f"{PATH}.customer_details.address")
    email = read_text(customer, f"{PATH}.customer_details", "email") or read_text(session, PATH, "customer_email")
    return {
        "amount": total,
        "goods": goods,
        "currency": _read_currency(session),
        "customer_ref": email.strip().lower(),
        "country": read_text(address, f"{PATH}.customer_details.address", "country"),
        "promotion_codes": _read_promotion_codes(session),
    }


def _read_promotion_codes(session: Object) -> list[str]:
    path = f"{PATH}.discounts"
    discounts = session.get("discounts") or []
    if not isinstance(discounts, list):
        raise Rejected(path, "must be a list")
    found = [
        read_id(read_object(discount, f"{path}[{i}]"), f"{path}[{i}]", "promotion_code")
        for i, discount in enumerate(discounts)
    ]
    return [code for code in found if code]


def _read_intent(event: _Event) -> OrderParts:
    amount = read_amount(event.content, PATH, "amount")
    received = min(read_amount(event.content, PATH, "amount_received", amount), amount)
    data = {"amount": amount, "received": received, "currency": _read_currency(event.content)}
    name = get_option(event.options, "click_id_metadata", DEFAULT_CLICK_ID_METADATA)
    parts = [
        Part("intent", event.get_version(), data),
        _note_moment("paid", event),
        *_read_metadata(event, "intent metadata", {name}),
    ]
    return OrderParts(_require_key(event, "id"), parts)


def _read_cancellation(event: _Event) -> OrderParts:
    return OrderParts(_require_key(event, "id"), [_note_moment("canceled", event)])


def _read_charge(event: _Event) -> OrderParts:
    amount = read_amount(event.content, PATH, "amount")
    captured = min(read_amount(event.content, PATH, "amount_captured", amount), amount)
    cumulated = read_amount(event.content, PATH, "amount_refunded")
    # Of a payment that was canceled nothing is captured, and all of it went back.
    has_rest_in_refund = captured > 0 and "" < event.api_version < CAPTURE_IS_NO_REFUND
    data = {
        "at": format_version(event.at),
        "amount": amount,
        "currency": _read_currency(event.content),
        "refunded": max(cumulated - (amount - captured if has_rest_in_refund else 0), 0),
    }
    return OrderParts(_require_key(event), [Part("charge", event.get_version(cumulated), data)])


def _read_refund(event: _Event) -> OrderParts:
    refund = event.content
    name = _require_id(refund)
    status = read_text(refund, PATH, "status")
    amount = read_amount(refund, PATH, "amount")
    data = {"id": name, "amount": amount, "is_returned": status in RETURNED}
    parts = [Part(f"refund {name}", event.get_version(int(status in RETURNED)), data)]
    if status in KEPT:
        created = read_moment(refund, PATH, "created", event.at)
        moments = {"created": format_version(created), "at": format_version(event.at)}
        failure = {"id": name, "amount": amount, **moments}
        parts.append(Part(f"failure {name}", event.get_version(), failure, keeps_first=True))
    return OrderParts(_require_key(event), parts)


def _read_dispute(event: _Event) -> OrderParts:
    dispute = event.content
    status = read_text(dispute, PATH, "status")
    data = {
        "amount": read_amount(dispute, PATH, "amount"),
        "currency": _read_currency(dispute),
        "is_lost": status == "lost",
    }
    version = event.get_version(int(status in FINAL_DISPUTE))
    return OrderParts(_require_key(event), [Part(f"dispute {_require_id(dispute)}", version, data)])


def _note_moment(name: str, event: _Event) -> Part:
    """Return a part with the earliest moment at which something is known to have happened."""
    return Part(name, event.get_version(), {"at": event.at.isoformat()}, keeps_first=True)


def _read_metadata(event: _Event, prefix: str, names: set[str]) -> list[Part]:
    """Return the metadata that the options name: the rest may be about people."""
    path = f"{PATH}.metadata"
    metadata = read_object(event.content.get("metadata"), path)
    found = {name: read_text(metadata, path, name) for name in sorted(names)}
    return [
        Part(f"{prefix} {name}", event.get_version(), value, keeps_first=True) for name, value in found.items() if value
    ]


def _read_currency(source: Object) -> str:
    return read_text(source, PATH, "currency").upper()


def _require_id(source: Object) -> str:
    name = read_text(source, PATH, "id")
    if not name:
        raise Rejected(f"{PATH}.id", "is missing")
    return name


def _require_key(event: _Event, name: str = "payment_intent") -> str:
    """Return the payment intent, which names the order; charges without one have no checkout."""
    key = read_id(event.content, PATH, name)
    if not key:
        raise Ignored("a payment that has no payment intent, and so no checkout")
    return key


def _shorten_id(session: Object) -> str:
    """Return the id of a session, the end of a long one as a digest."""
    name = read_text(session, PATH, "id")
    if len(name) <= MAX_KEY:
        return name
    return f"{name[:30]}-{hashlib.sha256(name.encode()).hexdigest()[:20]}"


_READERS: Mapping[str, Callable[[_Event], OrderParts]] = {
    **dict.fromkeys(SESSION_TOPICS, _read_session),
    "payment_intent.succeeded": _read_intent,
    "payment_intent.canceled": _read_cancellation,
    "charge.refunded": _read_charge,
    **dict.fromkeys(("refund.created", "refund.updated", "refund.failed", "charge.refund.updated"), _read_refund),
    **dict.fromkeys(
        (
            *("charge.dispute.created", "charge.dispute.updated", "charge.dispute.closed"),
            *("charge.dispute.funds_withdrawn", "charge.dispute.funds_reinstated"),
        ),
        _read_dispute,
    ),
}
TOPICS = tuple(_READERS)
