"""Signatures: made by the library of Standard Webhooks, or as shops send a plain HMAC (specification 11)."""

import base64
import hashlib
import hmac
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from shops.connectors.base import Delivery, InvalidSignature
from shops.connectors.generic.connector import Generic
from tests.scenarios import NOW
from tests.shops.connectors.generic.generic_shop import SECRET, build_delivery, build_options

BODY = '{"id": 7, "größe": "L"}'.encode()
KEY = "a-secret-of-the-shop"
STANDARD = build_options()
HMAC = build_options(signature="hmac", signature_header="X-Shop-Signature")


def check(delivery, options=STANDARD, secrets=(SECRET,)):
    Generic().check_signature(delivery, list(secrets), options)


def change(delivery, *, body=None, at=None, **headers):
    changed = {name.replace("_", "-"): value for name, value in headers.items()}
    kept = {name: value for name, value in (delivery.headers | changed).items() if value is not None}
    return Delivery(kept, delivery.body if body is None else body, at or delivery.received_at)


def sign_plainly(encode, body=BODY, prefix=""):
    signature = prefix + encode(hmac.new(KEY.encode(), body, hashlib.sha256).digest())
    return Delivery({"x-shop-signature": signature}, body, NOW)


def encode_base64(digest):
    return base64.b64encode(digest).decode()


def test_standard_signature_is_accepted():
    check(build_delivery(BODY))
    check(build_delivery(BODY), secrets=["whsec_bmV3ZXIgc2VjcmV0IQ==", SECRET])
    check(build_delivery(BODY), secrets=[SECRET.removeprefix("whsec_")])
    right = build_delivery(BODY)
    check(change(right, webhook_signature=f"v1,AAAA v1a,xyz {right.headers['webhook-signature']}"))
    check(change(right, at=NOW + timedelta(minutes=5)))


RIGHT = build_delivery(BODY)


@pytest.mark.parametrize(
    ("delivery", "cause"),
    [
        (change(RIGHT, body=BODY.replace(b"7", b"8")), "does not match"),
        (change(RIGHT, webhook_id="msg_other"), "does not match"),
        (change(RIGHT, webhook_timestamp=str(int(NOW.timestamp()) + 1)), "does not match"),
        (change(RIGHT, webhook_signature="v1"), "does not match"),
        (change(RIGHT, webhook_signature="v1,é not base64"), "does not match"),
        (change(RIGHT, webhook_signature="v1,"), "does not match"),
        (change(RIGHT, webhook_signature=RIGHT.headers["webhook-signature"].replace("v1,", "v2,")), "does not match"),
        (change(RIGHT, webhook_signature=None), "are required"),
        (change(RIGHT, webhook_id=None), "are required"),
        (change(RIGHT, webhook_timestamp="now"), "in seconds"),
        (change(RIGHT, webhook_timestamp="1e9"), "in seconds"),
        (change(RIGHT, at=NOW + timedelta(seconds=301)), "five minutes"),
        (change(RIGHT, at=NOW - timedelta(seconds=301)), "five minutes"),
        (build_delivery(BODY, secret="whsec_b3RoZXI="), "does not match"),
    ],
)
def test_wrong_standard_signature_is_refused(delivery, cause):
    with pytest.raises(InvalidSignature, match=cause):
        check(delivery)


@pytest.mark.parametrize(
    "delivery",
    [
        sign_plainly(bytes.hex),
        sign_plainly(lambda digest: digest.hex().upper()),
        sign_plainly(encode_base64),
        sign_plainly(bytes.hex, prefix="sha256="),
        sign_plainly(bytes.hex, body=b"\xff\x00"),
    ],
)
def test_plain_signature_is_accepted(delivery):
    check(delivery, HMAC, ["newer-secret-of-shop", KEY])


@pytest.mark.parametrize(
    "headers",
    [{}, {"x-shop-signature": ""}, {"x-shop-signature": "é"}, {"x-shop-signature": "00" * 32}, RIGHT.headers],
)
def test_wrong_plain_signature_is_refused(headers):
    with pytest.raises(InvalidSignature, match="X-Shop-Signature"):
        check(Delivery(headers, BODY, NOW), HMAC, [KEY])


def test_standard_signature_with_plain_option_off_is_not_enough():
    with pytest.raises(InvalidSignature, match="webhook-id"):
        check(sign_plainly(bytes.hex), STANDARD, [KEY])


def test_delivery_is_named_by_what_is_signed():
    first = Generic().name_event(build_delivery(BODY, identifier="msg_1"), STANDARD)
    again = build_delivery(BODY, identifier="msg_1", at=NOW + timedelta(minutes=3))
    assert Generic().name_event(again, STANDARD) == first
    assert first.delivery.startswith("msg_1 ")
    assert Generic().name_event(build_delivery(BODY, identifier="msg_2"), STANDARD) != first
    long = [Generic().name_event(build_delivery(BODY, identifier="m" * 150 + end), STANDARD) for end in "ab"]
    assert long[0] != long[1]
    # The header is not signed by a plain HMAC, so a replay could change it.
    named = [Generic().name_event(change(sign_plainly(bytes.hex), webhook_id=identifier), HMAC) for identifier in "ab"]
    assert named[0] == named[1]


@pytest.mark.parametrize("secret", ["", "short", "whsec_", "whsec_not base64 at all"])
def test_unusable_secret_is_refused(secret):
    with pytest.raises(ValidationError, match="secret"):
        Generic().check_secret(secret)


def test_usable_secrets_are_accepted():
    for secret in (SECRET, KEY):
        Generic().check_secret(secret)
