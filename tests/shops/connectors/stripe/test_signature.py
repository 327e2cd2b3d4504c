"""Signatures of Stripe's webhooks, against Stripe's own library in both directions (specification 11)."""

import time
from datetime import UTC, datetime, timedelta

import pytest
import stripe as stripe_library
from django.core.exceptions import ValidationError

from shops.connectors.base import Delivery, InvalidSignature
from shops.connectors.stripe.connector import Stripe
from tests.scenarios import NOW
from tests.shops.connectors.stripe.payloads import SECRET, build_delivery, complete, sign

STRIPE = Stripe()
OTHER = "whsec_" + "anotherSigningSecret1"
BODY = '{\n  "id": "evt_1",\n  "object": "event",\n  "name": "Caf\u00e9 \\/ cup"\n}'.encode()
# Computed with `printf '1768219200.{}' | openssl dgst -sha256 -hmac whsec_exampleOfASigningSecret0`.
FIXED = "b57d0881c6a5f4dd3eace46477659682983687941dc33a59f445aa4b91a75b33"


def check(header, body=BODY, at=NOW, secrets=(SECRET,)):
    STRIPE.check_signature(build_delivery(body, at, header), list(secrets), {})


def refuse(header, text, **details):
    with pytest.raises(InvalidSignature, match=text):
        check(header, **details)


def get_v1(header):
    return header.partition("v1=")[2]


def test_fixed_vector_is_accepted():
    check(f"t=1768219200,v1={FIXED}", b"{}", datetime.fromtimestamp(1768219200, UTC))


def test_signature_of_stripes_library_is_accepted():
    header = stripe_library.WebhookSignature.generate_signature_header(BODY.decode(), SECRET, int(NOW.timestamp()))
    check(header)
    refuse(header, "does not fit", secrets=(OTHER,))


def test_stripes_library_accepts_what_is_accepted_here():
    at = datetime.fromtimestamp(int(time.time()), UTC)
    header = sign(BODY, at)
    check(header, at=at)
    event = stripe_library.Webhook.construct_event(BODY, header, SECRET)
    assert event.id == "evt_1"


@pytest.mark.parametrize(
    ("body", "secret"), [(BODY.replace(b"cup", b"cap"), SECRET), (BODY + b" ", SECRET), (BODY, OTHER)]
)
def test_both_refuse_a_changed_byte_and_another_secret(body, secret):
    at = datetime.fromtimestamp(int(time.time()), UTC)
    header = sign(BODY, at)
    refuse(header, "does not fit", body=body, at=at, secrets=(secret,))
    with pytest.raises(stripe_library.SignatureVerificationError):
        stripe_library.Webhook.construct_event(body, header, secret)


@pytest.mark.parametrize("seconds", [0, 300, -300])
def test_signature_within_five_minutes_is_accepted(seconds):
    check(sign(BODY, NOW - timedelta(seconds=seconds)))


def test_old_signature_and_one_of_the_future_are_refused():
    refuse(sign(BODY, NOW - timedelta(seconds=301)), "more than 5 minutes old")
    refuse(sign(BODY, NOW + timedelta(seconds=301)), "more than 5 minutes in the future")
    # A sender without the secret does not learn that only the time is wrong.
    refuse(sign(BODY, NOW - timedelta(days=1), OTHER), "does not fit")


def test_one_of_several_signatures_is_enough():
    good, other = sign(BODY), sign(BODY, secret=OTHER)
    seconds = good.partition(",")[0]
    check(f"{seconds},v1={get_v1(other)},v1={get_v1(good)},v0={'0' * 64}")
    check(f" {seconds} , v1={get_v1(good)}")
    refuse(f"{seconds},v1={get_v1(other)},v1={'0' * 64}", "does not fit")


def test_other_schemes_do_not_count():
    good = sign(BODY)
    refuse(good.replace("v1=", "v0="), "must have the form")
    refuse(good.replace("v1=", "v0=") + f",v1={'0' * 64}", "does not fit")


def test_both_secrets_are_valid_during_rotation():
    check(sign(BODY), secrets=(OTHER, SECRET))
    check(sign(BODY, secret=OTHER), secrets=(OTHER, SECRET))


@pytest.mark.parametrize(
    "header",
    [
        "t=1768219200",
        "v1=00",
        "t=,v1=00",
        "t=-1,v1=00",
        "t=1e9,v1=00",
        "t=\u0661\u0662,v1=00",
        f"t={'9' * 40},v1=00",
        "nonsense",
        "=,=,",
    ],
)
def test_malformed_header_is_refused(header):
    refuse(header, "must have the form")


@pytest.mark.parametrize("signature", ["", "\u00e9" * 64, "\ud800", "0" * 10_000, "v1=" * 2_000])
def test_strange_signature_is_refused(signature):
    refuse(f"t={int(NOW.timestamp())},v1={signature}", "does not fit")


def test_unsigned_delivery_is_refused():
    with pytest.raises(InvalidSignature, match="is missing"):
        STRIPE.check_signature(Delivery({}, BODY, NOW), [SECRET], {})
    assert STRIPE.get_ping_answer(build_delivery(complete(), header="")) is None


@pytest.mark.parametrize(
    "secret", ["", "  ", "whsec_", "sk_live_x", "rk_live_x", "pk_live_x", f" {SECRET}", "whsec_a b", "whsec_\u00e9"]
)
def test_secret_that_is_no_signing_secret_is_refused(secret):
    with pytest.raises(ValidationError):
        STRIPE.check_secret(secret)
    STRIPE.check_secret(SECRET)
