"""Connections of threads that end."""

import gc
import threading
from typing import Any

import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from lib import thread_connections


@pytest.fixture
def opened(transactional_db, monkeypatch):
    """The connections that a thread has opened with Django and left behind, while no garbage is collected."""
    thread_connections.close_connections_with_threads()
    found: list[Any] = []

    def use_database() -> None:
        connection.ensure_connection()
        found.append(connection.connection)

    gc.disable()
    try:
        thread = threading.Thread(target=use_database)
        thread.start()
        thread.join()
        yield found
    finally:
        gc.enable()
        connection_created.disconnect(dispatch_uid="thread_connections")


def test_connection_is_closed_when_its_thread_ends(opened):
    assert [one.closed for one in opened] == [True]


def test_connection_of_running_thread_stays_open(opened):
    connection.ensure_connection()
    assert not connection.connection.closed
