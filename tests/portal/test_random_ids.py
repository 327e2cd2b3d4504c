"""Ids in the addresses of affiliates' pages and files are random, never counted (specification 9)."""

import re
from collections.abc import Iterator
from typing import Any
from uuid import UUID, uuid4

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver
from django.urls.converters import UUIDConverter

from affiliates.models import Affiliate
from mail.models import Message
from payouts.reporting import order_groups
from payouts.reporting.commission_list import list_commissions
from payouts.reporting.order_groups import Sort
from tests.factories import PASSWORD
from tests.portal.erasure_scenario import NOW, build_erasure_scenario
from tests.scenarios import build_order, send_orders

# Parts of addresses that are no ids of rows: random codes, signed or random keys, the shop's own order numbers.
NOT_IDS = {
    ("r/", "code"): "the random code of a tracking link",
    ("unsubscribe/", "token"): "a signed token with the affiliate's random code",
    ("invitation/", "token"): "a signed token with the user's random id",
    ("accounts/confirm-email/", "key"): "a random key",
    ("accounts/password/reset/key/", "uidb36"): "a random id in another notation",
    ("accounts/password/reset/key/", "key"): "a key derived from a secret",
    ("api/v1/orders/", "order_id"): "the shop's number, in the shop's API",
    ("api/v1/reports/", "name"): "the name of a report",
    ("hooks/", "rest"): "any other address of webhooks",
    ("api/v1/", "rest"): "any other address of the shop's API",
}


def list_patterns(resolver: URLResolver, prefix: str = "") -> Iterator[tuple[str, URLPattern]]:
    for pattern in resolver.url_patterns:
        path = prefix + str(pattern.pattern).lstrip("^")
        if isinstance(pattern, URLResolver):
            yield from list_patterns(pattern, path)
        else:
            yield path, pattern


def list_arguments() -> Iterator[tuple[str, str, Any]]:
    """Yield address, name and converter of each argument of an address outside the admin."""
    for path, pattern in list_patterns(get_resolver()):
        if path.startswith(("admin/", "static/", "media/")):
            continue
        for name, converter in pattern.pattern.converters.items():
            yield path, name, converter
        for name in getattr(pattern.pattern, "regex", re.compile("")).groupindex:
            if name not in pattern.pattern.converters:
                yield path, name, None


def test_every_id_in_an_address_is_a_uuid():
    unexplained = [
        (path, name)
        for path, name, converter in list_arguments()
        if not isinstance(converter, UUIDConverter)
        and not any(path.startswith(start) and name == each for start, each in NOT_IDS)
    ]
    assert unexplained == []
    assert len(list(list_arguments())) > 20


@pytest.fixture
def affiliate(db: None) -> Affiliate:
    return build_erasure_scenario()


def test_page_of_commissions_is_addressed_without_counted_ids(affiliate, monkeypatch):
    """The id of an order line would say how many lines the shop has sold."""
    monkeypatch.setattr(order_groups, "PAGE_SIZE", 1)
    january = {"at": "2026-01-10T12:00:00Z", "placed": "2026-01-10T12:00:00Z"}
    send_orders(build_order("MORE", ("home-decor", "1.00"), ("home-decor", "2.00"), coupon="WILHELMINA10", **january))
    commissions = list_commissions(affiliate)
    page = order_groups.get_page(commissions, Sort.NEWEST, "", NOW)
    assert UUID(page.next_cursor).version == 7
    assert order_groups.get_page(commissions, Sort.NEWEST, page.next_cursor, NOW).rows != page.rows


def test_cursor_of_another_affiliate_shows_the_first_page(affiliate):
    commissions = list_commissions(affiliate)
    first = order_groups.get_page(commissions, Sort.NEWEST, "", NOW)
    for cursor in ("x", "~", "00000000-0000-0000-0000-000000000000", "\0~\0"):
        assert order_groups.get_page(commissions, Sort.NEWEST, cursor, NOW) == first


def test_link_that_confirms_an_address_has_a_random_key(agreement, affiliate_factory):
    """A signed id would say how many accounts there are."""
    client, address = Client(), f"{uuid4().hex}@example.com"
    client.force_login(affiliate_factory().user)
    add = {"action_add": "", "email": address}
    confirmation = client.post("/accounts/email/", add).headers["Location"]
    client.post(confirmation, {"password": PASSWORD})
    client.post("/accounts/email/", add)
    url = Message.objects.get(kind="account", to=address).context["url"]
    key = url.rstrip("/").rsplit("/", 1)[1]
    assert re.fullmatch(r"[a-z0-9]{40,}", key)
    assert client.post(url).status_code == 302
    assert EmailAddress.objects.get(email=address).verified
