"""Reading many rows in short queries."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from affiliates.models import Affiliate
from lib.keyset import iterate_by_key
from tests.factories import make_affiliate

pytestmark = pytest.mark.django_db


def make_affiliates(amount):
    for _number in range(amount):
        make_affiliate()


@pytest.mark.parametrize("amount", [0, 1, 2, 3, 4, 5])
def test_every_row_is_read_once_in_order(amount):
    make_affiliates(amount)
    rows = list(iterate_by_key(Affiliate.objects.order_by("-code"), size=2))
    assert rows == list(Affiliate.objects.order_by("pk"))
    assert len(rows) == amount


def test_values_of_related_rows_are_read_by_another_key():
    make_affiliates(5)
    rows = Affiliate.objects.values_list("user__email", "code")
    assert list(iterate_by_key(rows, key="code", size=2)) == list(rows.order_by("code"))


def test_no_query_reads_more_rows_than_requested():
    make_affiliates(5)
    iterator = iterate_by_key(Affiliate.objects.all(), size=2)
    with CaptureQueriesContext(
        connection,
    ) as queries:
        next(iterator)
    assert len(queries) == 2
    assert "LIMIT 2" in queries[0]["sql"]
