"""Work on a warm connection"""

import os
import threading

import pytest
from django.db import connection, transaction

from shops.api.warm_connection import use_warm_connection

pytestmark = pytest.mark.django_db(transaction=True)


def server_process() -> int:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        [pid] = cursor.fetchone()
    return int(pid)


def on_a_warm_one() -> int:
    with use_warm_connection():
        return server_process()


def in_a_thread(work) -> int:
    found: list[int] = []

    def run() -> None:
        found.append(work())
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(30)
    return found[0]


def test_is_done_on_the_same_one_whichever_thread_it_is_and_leaves_the_threads_own_alone():
    own, warm = server_process(), on_a_warm_one()
    assert own != warm
    assert [in_a_thread(on_a_warm_one) for _thread in range(3)] == [warm] * 3
    assert server_process() == own


def test_is_done_on_the_threads_own_within_its_transaction():
    with transaction.atomic():
        assert on_a_warm_one() == server_process()


def test_goes_on_after_the_server_has_ended_it():
    warm = on_a_warm_one()
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [warm])
    assert on_a_warm_one() != warm


def test_of_two_at_once_is_done_on_two():
    with use_warm_connection():
        one = server_process()
        other = in_a_thread(on_a_warm_one)
    assert one != other


def test_that_failed_gives_the_thread_its_own_back():
    own = server_process()
    with pytest.raises(ZeroDivisionError), use_warm_connection():
        raise ZeroDivisionError
    assert server_process() == own


def test_of_a_forked_process_is_done_on_one_of_its_own():
    warm = on_a_warm_one()
    read, write = os.pipe()
    child = os.fork()
    if child == 0:
        connection.inc_thread_sharing()
        connection.connect()
        os.write(write, str(on_a_warm_one()).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert int(os.read(read, 100)) != warm
    assert on_a_warm_one() == warm
