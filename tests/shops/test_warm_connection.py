"""Warm connections are shared between threads, one user at a time."""

import os
import threading

import pytest
from django.db import connection, transaction

from shops.api.warm_connection import use_warm_connection

pytestmark = pytest.mark.django_db(transaction=True)


def get_backend_pid() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    return int(pid)


def get_warm_backend_pid() -> int:
    with use_warm_connection():
        return get_backend_pid()


def run_in_thread(work) -> int:
    pids: list[int] = []

    def run() -> None:
        pids.append(work())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return pids[0]


def test_threads_share_the_warm_connection_and_keep_their_own():
    own, warm = get_backend_pid(), get_warm_backend_pid()
    assert own != warm
    assert [run_in_thread(get_warm_backend_pid) for _thread in range(3)] == [warm] * 3
    assert get_backend_pid() == own


def test_transaction_keeps_the_connection_of_the_thread():
    with transaction.atomic():
        assert get_warm_backend_pid() == get_backend_pid()


def test_terminated_connection_is_replaced():
    warm = get_warm_backend_pid()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [warm])
    assert get_warm_backend_pid() != warm


def test_concurrent_work_uses_two_connections():
    with use_warm_connection():
        one = get_backend_pid()
        other = run_in_thread(get_warm_backend_pid)
    assert one != other


def test_error_restores_the_connection_of_the_thread():
    own = get_backend_pid()
    with pytest.raises(ZeroDivisionError), use_warm_connection():
        raise ZeroDivisionError
    assert get_backend_pid() == own


def test_forked_process_opens_its_own_connection():
    warm = get_warm_backend_pid()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        connection.inc_thread_sharing()
        connection.connect()
        os.write(write, str(get_warm_backend_pid()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(read, 100)) != warm
    assert get_warm_backend_pid() == warm


def test_warm_connection_keeps_no_statements_with_debug(settings):
    settings.DEBUG = True
    with use_warm_connection():
        get_backend_pid()
        assert not connection.queries_log
