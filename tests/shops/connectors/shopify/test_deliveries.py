"""Signatures and names of Shopify's deliveries (specification 11)."""

import base64
import hashlib
import hmac
import json
import shutil
import subprocess
from dataclasses import replace

import pytest
from django.core.exceptions import ValidationError

from shops.connectors.base import InvalidSignature
from tests.shops.connectors.shopify.folded import SHOPIFY
from tests.shops.connectors.shopify.payloads import SECRET, Sent, build_delivery, build_order

VERSION = "13.1.0"
DELIVERY = build_delivery(Sent("orders/create", build_order()), webhook_id="w-1")
# By `printf '{"id":1,"title":"Caf\\u00e9"}' | openssl dgst -sha256 -hmac hush -binary | base64`.
VECTOR = (b'{"id":1,"title":"Caf\\u00e9"}', "hush", "jUem41hAQAjeoTUjPW/hA5Na8I4qDpE+b5FabMy3A1U=")


def check(delivery, *secrets):
    SHOPIFY.check_signature(delivery, secrets or [SECRET], {})


def with_headers(**headers):
    named = {key.replace("_", "-"): value for key, value in headers.items()}
    return replace(DELIVERY, headers={**DELIVERY.headers, **named})


def test_signature_of_a_fixed_vector():
    body, secret, signature = VECTOR
    check(replace(DELIVERY, body=body, headers={"x-shopify-hmac-sha256": signature}), secret)


def test_signature_is_of_the_raw_bytes():
    body = '{"id": 1, "note": "ü€\\/"}\r\n'.encode()
    signature = base64.b64encode(hmac.new(SECRET.encode(), body, hashlib.sha256).digest()).decode()
    check(replace(DELIVERY, body=body, headers={"x-shopify-hmac-sha256": signature}))


def test_both_secrets_are_valid_while_an_app_rotates_them():
    check(DELIVERY, "the-new-one", SECRET)
    check(DELIVERY, SECRET, "the-new-one")


def test_secret_with_white_space_around_it_is_valid():
    check(DELIVERY, f" {SECRET}\n")


@pytest.mark.parametrize(
    "delivery",
    [
        replace(DELIVERY, body=DELIVERY.body.replace(b"40.00", b"41.00")),
        replace(DELIVERY, body=DELIVERY.body + b" "),
        replace(DELIVERY, body=b""),
        with_headers(x_shopify_hmac_sha256="not base64 ü"),
        with_headers(x_shopify_hmac_sha256=DELIVERY.headers["x-shopify-hmac-sha256"].lower()),
        with_headers(x_shopify_hmac_sha256=hmac.new(SECRET.encode(), DELIVERY.body, hashlib.sha256).hexdigest()),
    ],
)
def test_wrong_signature_is_refused(delivery):
    with pytest.raises(InvalidSignature, match="does not fit"):
        check(delivery)


def test_wrong_secret_is_refused():
    with pytest.raises(InvalidSignature, match="does not fit"):
        check(DELIVERY, "another", "and-another")


@pytest.mark.parametrize("headers", [{}, {"x-shopify-hmac-sha256": ""}, {"x-shopify-hmac-sha256": " "}])
def test_missing_signature_is_refused(headers):
    with pytest.raises(InvalidSignature, match="X-Shopify-Hmac-SHA256 is missing"):
        check(replace(DELIVERY, headers=headers))


@pytest.mark.parametrize("secret", ["", "  ", "shpat_0123456789abcdef0123456789abcdef"])
def test_secret_that_signs_nothing_is_refused(secret):
    with pytest.raises(ValidationError):
        SHOPIFY.check_secret(secret)


def test_secrets_of_apps_and_shops_are_accepted():
    for secret in (SECRET, "shpss_0123456789abcdef0123456789abcdef", SECRET * 2):
        SHOPIFY.check_secret(secret)


def find_name(delivery):
    return SHOPIFY.name_event(delivery, {})


def test_webhook_id_names_a_delivery():
    again = with_headers(x_shopify_triggered_at="2026-01-12T12:00:03Z", x_shopify_event_id="another")
    assert find_name(again).delivery == find_name(DELIVERY).delivery
    assert find_name(with_headers(x_shopify_webhook_id="w-2")).delivery != find_name(DELIVERY).delivery


def test_topics_of_one_event_are_two_deliveries():
    first = build_delivery(Sent("orders/create", build_order()))
    second = build_delivery(Sent("orders/paid", build_order()))
    assert first.headers["x-shopify-event-id"] == second.headers["x-shopify-event-id"]
    assert find_name(first).delivery != find_name(second).delivery


def test_another_body_is_another_delivery():
    changed = replace(DELIVERY, body=DELIVERY.body + b" ")
    assert find_name(changed).delivery != find_name(DELIVERY).delivery


def test_delivery_without_headers_has_a_name():
    name = find_name(replace(DELIVERY, headers={}))
    assert (name.topic, name.triggered_at) == ("", "")
    assert name.delivery.strip() == hashlib.sha256(DELIVERY.body).hexdigest()
    assert len(find_name(with_headers(x_shopify_webhook_id="w" * 5_000)).delivery) <= 200


@pytest.mark.parametrize(
    ("sent", "kept"),
    [
        ("2026-01-12T12:00:03.123456789Z", "2026-01-12T12:00:03.123456789Z"),
        ("2026-01-12T12:00:03.5Z", "2026-01-12T12:00:03.500000000Z"),
        ("2026-01-12T12:00:03Z", "2026-01-12T12:00:03.000000000Z"),
        ("yesterday", ""),
        ("", ""),
    ],
)
def test_moment_is_kept_to_the_nanosecond(sent, kept):
    assert find_name(with_headers(x_shopify_triggered_at=sent)).triggered_at == kept


def test_topic_is_read_in_any_case():
    assert find_name(with_headers(x_shopify_topic="Orders/Create ")).topic == "orders/create"


@pytest.fixture
def library(pytestconfig):
    """Return the folder in which npm has installed Shopify's own library; it stays in pytest's cache."""
    npm = shutil.which("npm")
    if not npm or not shutil.which("node"):
        pytest.skip("npm is not installed")
    folder = pytestconfig.cache.mkdir("shopify-api-" + VERSION)
    if not (folder / "installed").exists():
        package = f"@shopify/shopify-api@{VERSION}"
        command = [npm, "install", "--prefix", folder, "--ignore-scripts", "--no-audit", "--no-fund", package]
        try:
            subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
        except (subprocess.TimeoutExpired, subprocess.CalledProcessError) as error:
            pytest.skip(f"npm can't install {package}: {error}")
        (folder / "installed").touch()
    return folder


SCRIPT = """
require("@shopify/shopify-api/adapters/node");
const { shopifyApi, LogSeverity } = require("@shopify/shopify-api");
const validate = async ({ headers, body, secret }) => {
  const api = shopifyApi({
    apiKey: "key", apiSecretKey: secret, hostName: "shop.example", apiVersion: "2026-10", isEmbeddedApp: false,
    logger: { level: LogSeverity.Error },
  });
  const rawRequest = { method: "POST", url: "/", headers };
  return (await api.webhooks.validate({ rawBody: body, rawRequest, rawResponse: {} })).valid;
};
const requests = JSON.parse(require("fs").readFileSync(0, "utf8"));
Promise.all(requests.map(validate)).then((answers) => console.log(JSON.stringify(answers)));
"""


def test_library_of_shopify_agrees(library):
    deliveries = [
        (DELIVERY, SECRET),
        (build_delivery(Sent("products/update", {"title": "Café ☕"})), SECRET),
        (DELIVERY, "another"),
        (replace(DELIVERY, body=DELIVERY.body + b" "), SECRET),
        (with_headers(x_shopify_hmac_sha256="AAAA"), SECRET),
    ]
    requests = [{"headers": one.headers, "body": one.body.decode(), "secret": secret} for one, secret in deliveries]
    command = ["node", "-e", SCRIPT]
    done = subprocess.run(command, input=json.dumps(requests), cwd=library, capture_output=True, text=True, check=True)
    assert json.loads(done.stdout) == [True, True, False, False, False]
    assert [is_valid(*one) for one in deliveries] == [True, True, False, False, False]


def is_valid(delivery, secret):
    try:
        check(delivery, secret)
    except InvalidSignature:
        return False
    return True
