"""Nothing tells whether an address has an account: equal answers for equal work, counted, not timed."""

import re
from collections import Counter

import pytest
from django.contrib.auth.hashers import MD5PasswordHasher
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from affiliates.models import Affiliate
from mail.models import Message
from tests.factories import PASSWORD, make_affiliate, make_user
from tests.portal.test_apply import FORM

pytestmark = pytest.mark.django_db
KNOWN, UNKNOWN = "known@example.com", "stranger@example.com"


@pytest.fixture(autouse=True)
def _fresh_limits(settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"confirm_email": None}
    cache.clear()


@pytest.fixture
def hashes(monkeypatch) -> list[str]:
    calls: list[str] = []
    encode = MD5PasswordHasher.encode

    def count_call(self, password, salt):
        calls.append(password)
        return encode(self, password, salt)

    monkeypatch.setattr(MD5PasswordHasher, "encode", count_call)
    return calls


@pytest.fixture
def known(agreement) -> str:
    make_affiliate(user=make_user(email=KNOWN, password=PASSWORD))
    return KNOWN


def measure(path: str, data: dict[str, str], hashes: list[str]):
    """Return the answer, the number of hashes, and the statements without their values, of one POST."""
    cache.clear()
    hashes.clear()
    client = Client()
    client.get(path)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        response = client.post(path, data)
    page = re.sub(r'(nonce|value)="[^"]*"', "", response.content.decode()).replace(data_address(data), "ADDRESS")
    answer = (response.status_code, response.headers.get("Location"), page, sorted(response.cookies))
    statements = Counter(re.sub(r"'[^']*'|\d+", "?", query["sql"])[:60] for query in queries)
    statements = Counter({sql: count for sql, count in statements.items() if "SAVEPOINT" not in sql})
    return answer, len(hashes), statements


def data_address(data: dict[str, str]) -> str:
    return data.get("email") or data["login"]


@pytest.mark.parametrize(
    ("path", "data"),
    [
        ("/apply/", FORM),
        ("/apply/", FORM | {"name": "a\u0007b"}),
        ("/apply/", FORM | {"channels-3-address": FORM["channels-0-address"]}),
        ("/accounts/password/reset/", {"email": ""}),
        ("/accounts/login/", {"login": "", "password": "wrong"}),
    ],
    ids=["application", "invalid name", "repeated channel", "new password", "sign-in"],
)
def test_known_and_unknown_address_get_equal_answers_for_equal_work(known, hashes, path, data):
    field = "login" if "login" in data else "email"
    first = measure(path, data | {field: known}, hashes)
    second = measure(path, data | {field: UNKNOWN}, hashes)
    assert first[0] == second[0]
    assert first[1] == second[1], "hashes"
    difference = (first[2] - second[2]) + (second[2] - first[2])
    assert difference.total() <= 4, "\n".join(f"{count} {sql}" for sql, count in difference.items())


def test_application_for_a_known_address_stores_nothing_but_a_notice(known):
    before = (Affiliate.objects.count(), Message.objects.exclude(kind="account").count())
    Client().post("/apply/", FORM | {"email": known})
    assert (Affiliate.objects.count(), Message.objects.exclude(kind="account").count()) == before
    assert Message.objects.get(kind="account").to == known
