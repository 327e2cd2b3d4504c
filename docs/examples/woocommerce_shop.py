"""Plays a WooCommerce shop, to try a connection without one. It needs Python 3.11 and nothing else.

python docs/examples/woocommerce_shop.py WEBHOOK SECRET --link TRACKING_LINK
python docs/examples/woocommerce_shop.py WEBHOOK SECRET --coupon CODE --complete --refund 5.00

It follows the tracking link as a visitor would, then sends the signed events of one order, first unpaid, then paid: two
cups for 40.00, with 10.00 for shipping and 10.00 of tax.
"""

import argparse
import base64
import hashlib
import hmac
import json
import sys
import time
from contextlib import closing
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPSConnection
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import Request, urlopen

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PRODUCT = {
    "id": 93, "name": "Cup", "type": "simple", "status": "publish", "parent_id": 0, "tags": [],
    "categories": [{"id": 9, "name": "Kitchen &amp; dining", "slug": "kitchen-dining"}],
}  # fmt: skip
LINE = {
    "id": 11, "name": "Cup", "product_id": 93, "variation_id": 0, "quantity": 2, "subtotal": "40.00",
    "subtotal_tax": "8.00", "total": "40.00", "total_tax": "8.00", "meta_data": [], "sku": "CUP", "price": 20,
}  # fmt: skip

SHIPPING = {"id": 13, "method_title": "Flat rate", "method_id": "flat_rate", "total": "10.00", "total_tax": "2.00"}


class Refused(Exception):
    """The tracking link or the webhook address did not accept a request; the text says why."""


def follow(link: str) -> str:
    """Return the address of the landing page to which a tracking link leads."""
    parts = urlsplit(link)
    if parts.scheme not in ("http", "https") or not parts.netloc:
        raise Refused(f"{link!r} is no tracking link: it must begin with http:// or https://")
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    with closing(kind(parts.netloc, timeout=20)) as connection:
        try:
            connection.request("GET", path, headers={"User-Agent": BROWSER, "Accept": "text/html"})
            response = connection.getresponse()
        except OSError as error:
            raise Refused(f"{link}: {error}") from None
        with closing(response):
            landing = response.getheader("Location")
            if response.status not in (301, 302, 303, 307, 308) or not landing:
                raise Refused(f"{link} answered {response.status}, which is no redirect to the shop")
            return landing


def build_order(number: int, landing: str | None, coupon: str | None) -> dict[str, Any]:
    """Return an unpaid order as WooCommerce sends it."""
    source = [{"id": 1, "key": "_wc_order_attribution_session_entry", "value": landing}] if landing else []
    return {
        "id": number, "parent_id": 0, "number": str(number), "status": "pending", "currency": "USD",
        "prices_include_tax": False, "date_created_gmt": now(), "date_modified_gmt": now(), "date_paid_gmt": None,
        "date_completed_gmt": None, "discount_total": "0.00", "discount_tax": "0.00", "shipping_total": "10.00",
        "shipping_tax": "2.00", "cart_tax": "8.00", "total": "60.00", "total_tax": "10.00", "customer_id": 0,
        "billing": {"email": "erika@example.com", "country": "US"}, "shipping": {"country": "US"},
        "payment_method": "stripe", "line_items": [LINE], "shipping_lines": [SHIPPING], "fee_lines": [], "refunds": [],
        "tax_lines": [], "coupon_lines": [{"id": 21, "code": coupon, "discount": "0.00"}] if coupon else [],
        "meta_data": source,
    }  # fmt: skip


def now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")


def send(webhook: str, secret: str, topic: str, content: dict[str, Any]) -> None:
    """Send one signed event and print the answer."""
    body = json.dumps(content).encode()
    signature = base64.b64encode(hmac.new(secret.encode(), body, hashlib.sha256).digest()).decode()
    resource, _, event = topic.partition(".")
    headers = {
        "Content-Type": "application/json", "X-WC-Webhook-Source": "https://shop.example/", "X-WC-Webhook-ID": "7",
        "X-WC-Webhook-Topic": topic, "X-WC-Webhook-Resource": resource, "X-WC-Webhook-Event": event,
        "X-WC-Webhook-Signature": signature, "X-WC-Webhook-Delivery-ID": hashlib.sha256(body).hexdigest()[:32],
    }  # fmt: skip
    try:
        with urlopen(Request(webhook, body, headers, method="POST"), timeout=20) as response:
            print(f"{topic:15} {content.get('status', ''):10} {response.status}")
    except HTTPError as error:
        with error:
            raise Refused(
                f"{topic} was refused with {error.code}: {error.read(500).decode(errors='replace')}"
            ) from None
    except (URLError, ValueError) as error:
        raise Refused(f"{webhook}: {getattr(error, 'reason', error)}") from None


def main(arguments: list[str]) -> int:
    parser = argparse.ArgumentParser(description="Plays a WooCommerce shop that sells two cups for 40.00.")
    parser.add_argument("webhook", help="the webhook address of the connection")
    parser.add_argument("secret", help="the secret of the connection")
    parser.add_argument("--link", help="a tracking link to follow first")
    parser.add_argument("--coupon", help="a coupon code to use")
    parser.add_argument("--number", type=int, default=int(time.time()), help="the order's number in the shop")
    parser.add_argument("--complete", action="store_true", help="send that the order is completed, too")
    parser.add_argument("--refund", metavar="AMOUNT", help="refund this amount of the 60.00 afterwards, such as 5.00")
    given = parser.parse_args(arguments)
    try:
        landing = follow(given.link) if given.link else None
        time.sleep(1)  # WooCommerce writes whole seconds: the order must not seem older than the click.
        order = build_order(given.number, landing, given.coupon)
        changes: list[dict[str, Any]] = [{"status": "processing", "date_paid_gmt": now()}]
        if given.complete:
            changes.append({"status": "completed", "date_completed_gmt": now()})
        if given.refund:
            changes.append({"refunds": [{"id": 900, "reason": "", "total": f"-{given.refund}"}]})
        send(given.webhook, given.secret, "product.updated", PRODUCT | {"date_modified_gmt": now()})
        send(given.webhook, given.secret, "order.created", order)
        for change in changes:
            order |= change | {"date_modified_gmt": now()}
            send(given.webhook, given.secret, "order.updated", order)
    except Refused as error:
        print(error, file=sys.stderr)
        return 1
    print(f"Order {given.number} is sent. Open the page of the connection in Accord.")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
