"""Single orders sent at the same time share a transaction."""

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


def send_all(rows: list[Any], key: Any, all_sent: threading.Event | None = None) -> list[Any]:
    """Send each row in its own thread, and return the result or error of each."""
    outcomes: list[Any] = [None] * len(rows)

    def send(index: int) -> None:
        try:
            outcomes[index] = group_commit.ingest_order(rows[index], source="a test", api_key=key, now=NOW)
        except Exception as error:  # noqa: BLE001 -- the test looks at whatever is raised
            outcomes[index] = error
        finally:
            connection.close()

    threads = [threading.Thread(target=send, args=(index,)) for index in range(len(rows))]
    for thread in threads:
        thread.start()
    if all_sent:
        all_sent.set()
    for thread in threads:
        thread.join(60)
    return outcomes


@pytest.fixture
def groups(monkeypatch):
    """The number of rows of each transaction, and an event that lets the first transaction go on."""
    sizes: list[int] = []
    all_sent = threading.Event()
    ingest_orders = intake.ingest_orders

    def ingest(**kwargs: Any) -> Any:
        sizes.append(len(kwargs["snapshots"]))
        if len(sizes) == 1:
            all_sent.wait(60)
            time.sleep(0.3)
        return ingest_orders(**kwargs)

    monkeypatch.setattr(intake, "ingest_orders", ingest)
    return sizes, all_sent


def test_concurrent_orders_share_transactions_and_get_their_own_results(key, groups):
    sizes, all_sent = groups
    rows = [build_order(f"T{n}", ("home-decor", f"{n}00.00"), coupon="A") for n in range(1, 9)]
    results = send_all(rows, key, all_sent)
    assert [result.order_id for result in results] == [f"T{n}" for n in range(1, 9)]
    assert [result.commission for result in results] == [f"{n * 5}.00" for n in range(1, 9)]
    assert sum(sizes) == 8
    assert len(sizes) < 8
    assert Order.objects.count() == 8


def test_rejected_order_does_not_affect_the_others(key, groups):
    rows = [
        build_order("good", coupon="A"),
        build_order("bad", currency="EUR"),
        {"no": "order"},
        build_order("fine", coupon="A"),
    ]
    results = send_all(rows, key, groups[1])
    assert [result.outcome for result in results] == ["created", "rejected", "rejected", "created"]


def test_order_that_raises_does_not_affect_the_others(key, groups, monkeypatch):
    ingest_orders = intake.ingest_orders

    def ingest(**kwargs: Any) -> Any:
        if any(row["order_id"] == "broken" for row in kwargs["snapshots"]):
            raise ZeroDivisionError
        return ingest_orders(**kwargs)

    monkeypatch.setattr(intake, "ingest_orders", ingest)
    results = send_all([build_order("broken"), *(build_order(f"T{n}") for n in range(5))], key, groups[1])
    assert isinstance(results[0], ZeroDivisionError)
    assert [result.outcome for result in results[1:]] == ["created"] * 5


def test_all_orders_fail_when_the_database_is_unavailable(key, monkeypatch):
    def ingest(**kwargs: Any) -> Any:
        raise OperationalError("away")

    monkeypatch.setattr(intake, "ingest_orders", ingest)
    assert all(isinstance(error, OperationalError) for error in send_all([build_order(f"T{n}") for n in range(4)], key))
    monkeypatch.undo()
    assert send_all([build_order("later")], key)[0].outcome == "created"


def test_order_gives_up_after_the_timeout(key, monkeypatch):
    monkeypatch.setattr(group_commit, "WAIT_SECONDS", 0.05)
    committer = GroupCommitter()
    committer._busy = True  # a transaction that never ends
    with pytest.raises(OperationalError, match="timed out"):
        committer.ingest_order(build_order("T1"), source="a test", api_key=key, now=NOW)
    assert committer._waiting == []
    pending = PendingOrder(build_order("T2"), NOW)
    pending.turn.set()
    committer._give_up(pending)  # must not raise, because its turn has come
