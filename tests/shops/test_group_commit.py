"""Single orders that are sent at the same time ..."""

import threading
import time
from typing import Any

import pytest
from django.db import OperationalError, connection

from accounts import api_keys
from shops import intake
from shops.api import group_commit
from shops.api.group_commit import GroupCommitter, PendingOrder
from tests.scenarios import NOW, build_order, create_program, import_affiliates
from tracking.models import Order

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def key(tmp_path):
    create_program()
    import_affiliates(["A"], tmp_path)
    return api_keys.create(name="the shop", now=NOW, by=None)[0]


def send_all(rows: list[Any], key: Any, gate: threading.Event | None = None) -> list[Any]:
    """Each row by a thread of its own; what each got, a result or an error."""
    found: list[Any] = [None] * len(rows)

    def send(place: int) -> None:
        try:
            found[place] = group_commit.ingest_order(rows[place], source="a test", api_key=key, now=NOW)
        except Exception as error:  # noqa: BLE001 -- what was raised is what is asked for
            found[place] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(place,)) for place in range(len(rows))]
    for thread in threads:
        thread.start()
    if gate:
        gate.set()
    for thread in threads:
        thread.join(60)
    return found


@pytest.fixture
def groups(monkeypatch):
    """How many rows each transaction took; the first waits until all others are there."""
    taken: list[int] = []
    others = threading.Event()
    real = intake.ingest_orders

    def take(**given: Any) -> Any:
        taken.append(len(given["snapshots"]))
        if len(taken) == 1:
            others.wait(10)
            time.sleep(0.3)
        return real(**given)

    monkeypatch.setattr(intake, "ingest_orders", take)
    return taken, others


def test_are_taken_in_one_transaction_and_each_gets_its_own_answer(key, groups):
    taken, others = groups
    rows = [build_order(f"T{n}", ("home-decor", f"{n}00.00"), coupon="A") for n in range(1, 9)]
    found = send_all(rows, key, others)
    assert [result.order_id for result in found] == [f"T{n}" for n in range(1, 9)]
    assert [result.commission for result in found] == [f"{n * 5}.00" for n in range(1, 9)]
    assert sum(taken) == 8
    assert len(taken) < 8
    assert Order.objects.count() == 8


def test_do_not_fail_with_one_that_is_refused(key, groups):
    rows = [
        build_order("good", coupon="A"),
        build_order("bad", currency="EUR"),
        {"no": "order"},
        build_order("fine", coupon="A"),
    ]
    found = send_all(rows, key, groups[1])
    assert [result.outcome for result in found] == ["created", "rejected", "rejected", "created"]


def test_do_not_fail_with_one_that_breaks(key, groups, monkeypatch):
    real = intake.ingest_orders

    def take(**given: Any) -> Any:
        if any(row["order_id"] == "poison" for row in given["snapshots"]):
            raise ZeroDivisionError
        return real(**given)

    monkeypatch.setattr(intake, "ingest_orders", take)
    found = send_all([build_order("poison"), *(build_order(f"T{n}") for n in range(5))], key, groups[1])
    assert isinstance(found[0], ZeroDivisionError)
    assert [result.outcome for result in found[1:]] == ["created"] * 5


def test_all_hear_that_the_store_is_away(key, monkeypatch):
    def take(**given: Any) -> Any:
        raise OperationalError("away")

    monkeypatch.setattr(intake, "ingest_orders", take)
    assert all(isinstance(error, OperationalError) for error in send_all([build_order(f"T{n}") for n in range(4)], key))
    monkeypatch.undo()
    assert send_all([build_order("later")], key)[0].outcome == "created"


def test_wait_no_longer_than_their_patience_and_leave_the_way_free(key, monkeypatch):
    monkeypatch.setattr(group_commit, "WAIT_SECONDS", 0.05)
    here = GroupCommitter()
    here._busy = True  # somebody is at it, and takes long
    with pytest.raises(OperationalError, match="not done yet"):
        here.ingest_order(build_order("T1"), source="a test", api_key=key, now=NOW)
    assert here._waiting == []
    sent = PendingOrder(build_order("T2"), NOW)
    sent.turn.set()
    here._give_up(sent)  # its turn came in the same moment: it goes on
