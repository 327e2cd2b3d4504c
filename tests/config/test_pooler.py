"""What a pooler in transaction mode does not allow."""

import pytest
from django.conf import settings

from tracking.clicks.connection import connect


def test_no_query_uses_a_cursor_of_the_server():
    assert all(database["DISABLE_SERVER_SIDE_CURSORS"] for database in settings.DATABASES.values())


@pytest.mark.django_db
def test_connection_for_clicks_prepares_no_statements():
    with connect() as own:
        assert own.prepare_threshold is None


@pytest.mark.django_db
def test_connection_for_clicks_keeps_no_setting():
    with connect() as own:
        changed = own.execute("SELECT name FROM pg_settings WHERE source = 'session' AND name <> 'application_name'")
        assert changed.fetchall() == []
