"""The signature of Stripe's webhooks: an HMAC over the time and the raw body. Pure."""

import hashlib
import hmac
import re
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import NamedTuple

from shops.connectors.base import Delivery, InvalidSignature

HEADER = "stripe-signature"
# As in Stripe's own libraries, which however accept any time in the future.
TOLERANCE = timedelta(seconds=300)
_SECONDS = re.compile(r"[0-9]{1,11}", re.ASCII)


class _Signed(NamedTuple):
    seconds: str
    signatures: list[bytes]


def check_signature(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raise InvalidSignature unless one of the secrets signed the body within `TOLERANCE` of its arrival."""
    seconds, signatures = _parse_header(delivery.headers.get(HEADER, ""))
    signed = seconds.encode() + b"." + delivery.body
    expected = [hmac.new(secret.encode(), signed, hashlib.sha256).hexdigest().encode() for secret in secrets]
    # Compare all, so that the time taken does not reveal which one matches.
    if not any([hmac.compare_digest(one, other) for one in expected for other in signatures]):  # noqa: C419
        raise InvalidSignature("The header Stripe-Signature does not fit the body and the secret.")
    signed_at = datetime.fromtimestamp(int(seconds), UTC)
    if signed_at < delivery.received_at - TOLERANCE:
        raise InvalidSignature("The signature is more than 5 minutes old.")
    if signed_at > delivery.received_at + TOLERANCE:
        raise InvalidSignature("The signature is more than 5 minutes in the future.")


def _parse_header(header: str) -> _Signed:
    """Return the time and the signatures of scheme v1; there are several while a secret is replaced."""
    if not header:
        raise InvalidSignature("The header Stripe-Signature is missing.")
    pairs = [item.strip().partition("=") for item in header.split(",")]
    times = [value for name, _, value in pairs if name == "t"]
    signatures = [value.encode("utf-8", "replace") for name, _, value in pairs if name == "v1"]
    if not times or not _SECONDS.fullmatch(times[0]) or not signatures:
        raise InvalidSignature("The header Stripe-Signature must have the form t=1768219200,v1=5257a869….")
    return _Signed(times[0], signatures)
