"""The connector of any shop that can POST its orders as JSON (specification 11)."""

import hashlib
from collections.abc import Sequence
from datetime import datetime
from typing import ClassVar

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from shops.connectors.base import BuiltOrder, Connector, Delivery, EventName, Options, OrderParts, StoredEvent
from shops.connectors.event_bodies import parse_body
from shops.connectors.generic.events import read_order
from shops.connectors.generic.options import DEFAULTS, GenericOptions, Signature
from shops.connectors.generic.orders import build_order
from shops.connectors.generic.paths import InvalidPath
from shops.connectors.generic.signatures import PREFIX, check_hmac, check_standard, is_standard_secret
from shops.connectors.generic.values import read_text
from shops.connectors.parts import State
from shops.models import Connection, Platform
from tracking.orders.snapshot_fields import Rejected

MIN_SECRET = 16
# Larger bodies are parsed by the worker only, and have no topic in the list of events.
MAX_PARSED_BYTES = 1024 * 1024


class Generic(Connector):
    platform = Platform.GENERIC
    default_options: ClassVar[Options] = DEFAULTS
    # Empty: a page of its own shows the options beside a sample (`shops.admin.generic_paths`).
    options_form: ClassVar[type[forms.Form]] = forms.Form

    def check_secret(self, secret: str) -> None:
        if len(secret.strip()) < MIN_SECRET:
            raise ValidationError({"secret": _("Enter a secret of at least %(n)s characters.") % {"n": MIN_SECRET}})
        if secret.startswith(PREFIX) and not is_standard_secret(secret):
            raise ValidationError({"secret": _("What follows whsec_ is not base64. Copy the whole secret again.")})

    def check_signature(self, delivery: Delivery, secrets: Sequence[str], options: Options) -> None:
        chosen = GenericOptions(options)
        if chosen["signature"] == Signature.HMAC:
            check_hmac(delivery, secrets, chosen["signature_header"])
        else:
            check_standard(delivery, secrets)

    def name_event(self, delivery: Delivery, options: Options) -> EventName:
        """Return the name of a delivery. Its key names signed content only, so that nobody can send it again."""
        chosen = GenericOptions(options)
        # Each attempt at a delivery has a time stamp of its own, which is not part of its name.
        identifier = "" if chosen["signature"] == Signature.HMAC else delivery.headers.get("webhook-id", "")
        digest = hashlib.sha256(f"{identifier}\n".encode() + delivery.body).hexdigest()
        return EventName(f"{identifier[:100]} {digest}".strip(), _find_topic(delivery.body, chosen))

    def read_event(self, event: StoredEvent, options: Options) -> OrderParts:
        return read_order(event, GenericOptions(options))

    def build_order(self, state: State, connection: Connection, *, was_sent: bool, now: datetime) -> BuiltOrder:
        return build_order(state, connection, GenericOptions(connection.options), was_sent=was_sent, now=now)


def _find_topic(body: bytes, options: GenericOptions) -> str:
    if len(body) > MAX_PARSED_BYTES:
        return ""
    try:
        path = options.get_path("topic")
        return read_text(path.find(parse_body(body)), "topic")[:100] if path else ""
    except (Rejected, InvalidPath):
        return ""
