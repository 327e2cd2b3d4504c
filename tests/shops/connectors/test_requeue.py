"""What a connection sent and was rejected is processed again from the inbox (specification 4 and 11)."""

import json
from datetime import timedelta

import pytest

from audit.models import AuditRecord
from lib.errors import NotAllowed
from shops import rejects
from shops.connectors import connections, folding, inbox, registry
from shops.models import Reject, ShopEvent, ShopOrder
from tests.factories import make_staff
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.connectors.plain_shop import PlainConnector, build_delivery, make_connection
from tests.shops.connectors.test_inbox import build_order
from tracking.models import Order
from tracking.orders.snapshot_fields import Rejected


class BrokenConnector(PlainConnector):
    """A connector that fails to read events with the delivery, or to build orders, until it is repaired."""

    reads = builds = True

    def read_event(self, event, options):
        if not self.reads:
            raise Rejected("body", "is not understood")
        return super().read_event(event, options)

    def build_order(self, state, connection, *, was_sent, now):
        if not self.builds:
            raise Rejected("lines", "are not understood")
        return super().build_order(state, connection, was_sent=was_sent, now=now)


@pytest.fixture
def connector(db, tmp_path, monkeypatch):
    connector = BrokenConnector()
    monkeypatch.setattr(registry, "CONNECTORS", {"generic": connector})
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    return connector


@pytest.fixture
def connection(connector):
    return make_connection()


def send(connection, content):
    inbox.receive(connection=connection, delivery=build_delivery(content), now=NOW)
    folding.process_events(now=NOW)


def resend_all():
    return rejects.resend_all(rejects=Reject.objects.all(), now=NOW, by=None)


def test_resent_row_processes_its_event_again(connector, connection):
    connector.reads = False
    send(connection, build_order())
    [row] = Reject.objects.all()
    connector.reads = True
    assert rejects.resend(reject=row, now=NOW, by=None) is None
    row.refresh_from_db()
    assert (row.state, row.note, Order.objects.exists()) == ("resent", "processed again", False)
    assert folding.process_events(now=NOW) == 1
    event = ShopEvent.objects.get()
    assert (event.state, event.outcome, event.reject, event.attempts) == ("done", "created", None, 0)
    assert Order.objects.get().order_id == "plain-7"
    with pytest.raises(NotAllowed):
        rejects.resend(reject=row, now=NOW, by=None)


def test_event_that_is_rejected_again_becomes_a_new_row(connector, connection):
    send(connection, [])
    rejects.resend(reject=Reject.objects.get(), now=NOW, by=None)
    folding.process_events(now=NOW)
    assert list(Reject.objects.order_by("pk").values_list("state", flat=True)) == ["resent", "open"]
    assert ShopEvent.objects.get().reject == Reject.objects.get(state="open")


def test_state_without_a_snapshot_is_built_again(connector, connection):
    connector.builds = False
    send(connection, build_order())
    ShopEvent.objects.all().delete()
    connector.builds = True
    resend_all()
    assert folding.process_due_orders(now=NOW) == 1
    assert Order.objects.get().order_id == "plain-7"
    assert ShopOrder.objects.get().due_at is None


def test_state_that_is_rejected_is_not_due_again(connector, connection):
    connector.builds = False
    send(connection, build_order())
    ShopOrder.objects.update(due_at=NOW)
    for _ in range(3):
        folding.process_due_orders(now=NOW)
    assert Reject.objects.count() == 2


def test_row_with_a_snapshot_is_made_again_from_the_state(connector, connection):
    send(connection, build_order(currency="EUR"))
    [row] = Reject.objects.all()
    assert json.loads(row.content)["currency"] == "EUR"
    send(connection, build_order("2026-01-12T12:05:00+00:00"))
    assert ShopEvent.objects.get(state="refused").reject == row
    assert resend_all().requeued == [row]
    folding.process_events(now=NOW)
    assert Order.objects.get().currency == "USD"
    assert not Reject.objects.filter(state="open").exists()


def test_corrected_row_is_older_than_the_next_snapshot_of_the_shop(connector, connection):
    send(connection, build_order(currency="EUR"))
    [row] = Reject.objects.all()
    fixed = json.dumps(json.loads(row.content) | {"currency": "USD"})
    assert rejects.correct(reject=row, text=fixed, now=NOW, by=None).outcome == "created"
    send(connection, build_order(lines=[{"id": "1", "amount": "60.00"}]))
    assert [str(line.amount) for line in Order.objects.get().lines.all()] == ["60.00"]
    assert not Reject.objects.filter(state="open").exists()


def test_events_cannot_be_corrected_as_orders(connector, connection):
    send(connection, [])
    with pytest.raises(NotAllowed, match="names an event"):
        rejects.correct(reject=Reject.objects.get(), text="{}", now=NOW, by=None)


def test_all_rejected_events_are_processed_again_with_a_reason(connector, connection):
    connector.reads = False
    for number in "78":
        send(connection, build_order(id=number))
    connector.reads = True
    send(connection, {"id": "9"} | build_order(id="9", currency="EUR"))
    by = make_staff("payout preparers")
    found = rejects.requeue_events(events=connection.events.all(), reason="Repaired.", now=NOW, by=by)
    assert (found, Reject.objects.filter(state="open").count()) == (3, 0)
    records = AuditRecord.objects.filter(action="shop event requeued")
    assert set(records.values_list("by", "reason")) == {(by.pk, "Repaired.")}
    folding.process_events(now=NOW)
    assert set(Order.objects.values_list("order_id", flat=True)) == {"plain-7", "plain-8"}
    assert [row.field for row in Reject.objects.filter(state="open")] == ["currency"]
    assert rejects.requeue_events(events=connection.events.filter(state="done"), reason="x", now=NOW, by=by) == 0


def test_deleted_events_and_connections_are_named(connector, connection):
    send(connection, [])
    ShopEvent.objects.all().delete()
    with pytest.raises(NotAllowed, match="after 30 days"):
        rejects.resend(reject=Reject.objects.get(), now=NOW, by=None)
    send(connection, [])
    result = resend_all()
    [(lost, answer)] = result.rejected
    assert (lost.state, "after 30 days" in answer.cause, len(result.requeued)) == ("open", True, 1)
    send(connection, [])
    connections.delete(connection=connection, reason="Closed.", now=NOW, by=None)
    with pytest.raises(NotAllowed, match="connection was deleted"):
        rejects.resend(reject=Reject.objects.latest("pk"), now=NOW, by=None)


def test_rows_of_the_api_are_still_resent_as_rows(connector, connection):
    row = Reject.objects.create(
        received_at=NOW - timedelta(days=1), source="API key shop", order_id="A1", cause="x", content='{"event": "x"}'
    )
    assert not rejects.is_event(row)
    with pytest.raises(rejects.RejectedAgain):
        rejects.resend(reject=row, now=NOW, by=None)
