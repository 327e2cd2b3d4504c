"""Signatures of generic connections: Standard Webhooks, or a plain HMAC of the body (specification 11). Pure."""

import base64
import binascii
import hashlib
import hmac
import re
from collections.abc import Sequence

from shops.connectors.base import Delivery, InvalidSignature

TOLERANCE_SECONDS = 300
PREFIX = "whsec_"


def check_standard(delivery: Delivery, secrets: Sequence[str]) -> None:
    """Raise InvalidSignature unless the delivery is signed by Standard Webhooks, at most five minutes ago."""
    identifier = delivery.headers.get("webhook-id", "")
    timestamp = delivery.headers.get("webhook-timestamp", "").strip()
    sent = delivery.headers.get("webhook-signature", "")
    if not (identifier and timestamp and sent):
        raise InvalidSignature("The headers webhook-id, webhook-timestamp and webhook-signature are required.")
    if not re.fullmatch(r"\d{1,12}", timestamp, re.ASCII):
        raise InvalidSignature("The header webhook-timestamp must be in seconds since 1970.")
    if abs(delivery.received_at.timestamp() - int(timestamp)) > TOLERANCE_SECONDS:
        raise InvalidSignature("The header webhook-timestamp is more than five minutes from now.")
    signed = f"{identifier}.{timestamp}.".encode() + delivery.body
    signatures = [each.removeprefix("v1,") for each in sent.split() if each.startswith("v1,")]
    digests = [_sign(key, signed) for secret in secrets for key in _list_keys(secret)]
    if not any(_is_equal(digest, signature) for digest in digests for signature in signatures[:10]):
        raise InvalidSignature("The header webhook-signature does not match the body and the secret.")


def check_hmac(delivery: Delivery, secrets: Sequence[str], header: str) -> None:
    """Raise InvalidSignature unless the header has an HMAC-SHA256 of the body, in hex or base64."""
    sent = delivery.headers.get(header.lower(), "").strip().removeprefix("sha256=")
    if not sent:
        raise InvalidSignature(f"The header {header} is required.")
    digests = [_sign(secret.encode(), delivery.body) for secret in secrets]
    if not any(_is_equal(digest, sent) for digest in digests):
        raise InvalidSignature(f"The header {header} does not match the body and the secret.")


def is_standard_secret(secret: str) -> bool:
    """Return whether a secret that begins as those of Standard Webhooks can be decoded."""
    return bool(_decode(secret.removeprefix(PREFIX)))


def _list_keys(secret: str) -> list[bytes]:
    """Return the keys that a secret may mean: base64, as the standard has it, or else its own bytes."""
    decoded = _decode(secret.removeprefix(PREFIX))
    return [key for key in (decoded, b"" if secret.startswith(PREFIX) else secret.encode()) if key]


def _decode(text: str) -> bytes:
    try:
        return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)
    except (binascii.Error, ValueError):
        return b""


def _sign(key: bytes, content: bytes) -> bytes:
    return hmac.new(key, content, hashlib.sha256).digest()


def _is_equal(digest: bytes, sent: str) -> bool:
    is_hex = re.fullmatch(r"[0-9a-fA-F]{64}", sent) is not None
    return hmac.compare_digest(digest, bytes.fromhex(sent) if is_hex else _decode(sent))
