"""Rows that are copied arrive as they are, and what the database refuses is an error of Django's."""

import pytest
from django.db import IntegrityError, connection, transaction

from lib.bulk_copy import copy_rows, take_ids

pytestmark = pytest.mark.django_db
TEXTS = ["a\tb", "a\nb", "a\\b", "\\N", "\\.", "", "ä 😀 \x7f", '{"a": "\\n"}', "a\r"]


def test_texts_are_copied_unchanged():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE texts (number int, text text) ON COMMIT DROP")
    copy_rows("texts", "number, text", enumerate([*TEXTS, None]))
    with connection.cursor() as cursor:
        cursor.execute("SELECT text FROM texts ORDER BY number")
        assert [text for (text,) in cursor.fetchall()] == [*TEXTS, None]


def test_refused_row_is_an_integrity_error():
    with connection.cursor() as cursor:
        cursor.execute("CREATE TEMPORARY TABLE texts (number int UNIQUE) ON COMMIT DROP")
    with pytest.raises(IntegrityError), transaction.atomic():
        copy_rows("texts", "number", [(1,), (1,)])


def test_taken_ids_are_new():
    first = take_ids("tracking_orderline", "id", 3)
    second = take_ids("tracking_orderline", "id", 2)
    assert len({*first, *second}) == 5
