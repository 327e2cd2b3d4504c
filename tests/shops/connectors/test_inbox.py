"""The inbox of shop connections: verified, stored once, folded into snapshots (specification 11)."""

from datetime import timedelta

import pytest
from django.utils import timezone

from lib.triggers import allow_redaction
from shops.connectors import folding, inbox, registry, secrets
from shops.connectors.base import InvalidSignature, OrderParts
from shops.connectors.parts import Part
from shops.models import CategoryMapping, Reject, ShopEvent, ShopOrder, ShopOrderLine
from tests.factories import make_affiliate
from tests.scenarios import NOW, create_program, import_affiliates
from tests.shops.connectors.plain_shop import PlainConnector, build_delivery, make_connection, sign
from tracking.links.coupons import assign_coupon
from tracking.models import Order, OrderSnapshot
from tracking.orders.coupon_erasure import erase_coupons

PLACED = "2026-01-12T12:00:00+00:00"


@pytest.fixture
def connection(db, tmp_path, monkeypatch):
    monkeypatch.setattr(registry, "CONNECTORS", {"generic": PlainConnector()})
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    return make_connection()


def build_order(at=PLACED, **changes):
    line = {"id": "1", "amount": "50.00", "product": "p1"}
    return {"id": "7", "at": at, "placed": PLACED, "coupons": ["ann"], "lines": [line]} | changes


def send(connection, content, **details):
    return inbox.receive(connection=connection, delivery=build_delivery(content, **details), now=NOW)


def test_event_becomes_order_once(connection):
    for _ in range(3):
        send(connection, build_order(), delivery="d1")
    assert folding.process_events(now=NOW) == 1
    [event] = ShopEvent.objects.all()
    assert (event.repeats, event.state, event.outcome) == (2, "done", "created")
    order = Order.objects.get()
    assert (order.order_id, order.affiliate and order.affiliate.code) == ("plain-7", "ANN")
    connection.refresh_from_db()
    assert sorted(connection.milestones) == ["attributed", "completed", "event", "order"]


def test_events_in_any_order_end_in_the_newest_state(connection):
    newer = build_order("2026-01-12T12:05:00+00:00", lines=[{"id": "1", "amount": "50.00", "refunded": "20.00"}])
    send(connection, newer)
    folding.process_events(now=NOW)
    send(connection, build_order())
    folding.process_events(now=NOW)
    assert [event.outcome for event in ShopEvent.objects.order_by("id")] == ["created", "unchanged"]
    assert OrderSnapshot.objects.count() == 1


def test_events_of_an_order_in_one_batch_have_one_snapshot(connection):
    send(connection, build_order())
    send(connection, build_order("2026-01-12T12:05:00+00:00", lines=[{"id": "1", "amount": "60.00"}]))
    folding.process_events(now=NOW)
    assert [event.outcome for event in ShopEvent.objects.order_by("id")] == ["combined", "created"]
    assert OrderSnapshot.objects.count() == 1


def test_two_contents_of_one_second_are_two_versions(connection):
    for amount in ("50.00", "60.00", "55.00"):
        send(connection, build_order(lines=[{"id": "1", "amount": amount}]))
        folding.process_events(now=NOW)
    outcomes = [event.outcome for event in ShopEvent.objects.order_by("id")]
    assert outcomes == ["created", "updated", "unchanged"]
    assert not Reject.objects.exists()


def test_wrong_signature_stores_nothing(connection):
    delivery = build_delivery(build_order())
    wrong = type(delivery)(delivery.headers, delivery.body.replace(b"50", b"60"), NOW)
    with pytest.raises(InvalidSignature):
        inbox.receive(connection=connection, delivery=wrong, now=NOW)
    assert not ShopEvent.objects.exists()


def test_both_secrets_are_valid_while_they_overlap(connection):
    secrets.replace_secret(connection, "another-secret", now=NOW)
    assert secrets.list_secrets(connection, now=NOW) == ["another-secret", "a-secret-of-the-shop"]
    assert secrets.list_secrets(connection, now=NOW + timedelta(days=2)) == ["another-secret"]


def test_mapped_category_is_stored_with_the_line(connection):
    CategoryMapping.objects.create(connection=connection, shop_category="Tee", key="tee", category="beauty")
    send(connection, {"id": "p1", "title": "Cup", "categories": ["TEE"]}, topic="product")
    send(connection, build_order())
    folding.process_events(now=NOW)
    line = ShopOrderLine.objects.get()
    assert (line.mapped_by, line.category, line.shop_categories) == ("tee", "beauty", ["TEE"])


def test_coupon_of_an_erased_affiliate_is_stored_nowhere(connection):
    owner = make_affiliate()
    assign_coupon(affiliate=owner, code="GRETA10", assigned_from=None, now=NOW, by=None)
    with allow_redaction():
        erase_coupons(affiliate=owner, now=NOW)
    order = build_order(coupons=["Greta10"])
    send(connection, order)
    folding.process_events(now=NOW)
    stored = [
        *ShopOrder.objects.values_list("state", flat=True),
        *OrderSnapshot.objects.values_list("content", flat=True),
    ]
    assert "greta" not in str(stored).lower()
    assert str(stored).count("erased-") == 2
    # Reconciliation knows the order as the shop has it.
    assert folding.is_known(connection, OrderParts(order["id"], [Part("order", order["at"], order)]))


def test_events_that_cannot_be_read_are_in_the_rejects_inbox(connection):
    send(connection, [])
    send(connection, build_order(currency="XXX", id="8"))
    send(connection, {}, topic="other")
    folding.process_events(now=NOW)
    found = ShopEvent.objects.order_by("id").values_list("state", "field", flat=False)
    assert list(found) == [("refused", "id"), ("refused", "currency"), ("ignored", "")]
    assert set(Reject.objects.values_list("field", flat=True)) == {"id", "currency"}


def test_old_events_are_deleted_but_none_that_waits_for_staff(connection):
    send(connection, [])
    send(connection, build_order())
    folding.process_events(now=NOW)
    send(connection, build_order(id="9"))
    later = NOW + inbox.KEEP
    assert inbox.delete_old_events(now=later) == 0
    assert inbox.delete_old_events(now=later + timedelta(seconds=1)) == 1
    Reject.objects.update(state=Reject.State.DISMISSED)
    assert inbox.delete_old_events(now=later + timedelta(seconds=1)) == 1
    assert ShopEvent.objects.get().state == "waiting"


def test_poison_does_not_stop_the_others(connection):
    send(connection, build_order(id="poison"))
    send(connection, build_order())
    folding.process_events(now=NOW)
    assert Order.objects.count() == 1
    for _ in range(6):
        ShopEvent.objects.filter(state="waiting").update(next_attempt_at=NOW)
        folding.process_events(now=NOW)
    assert ShopEvent.objects.get(state="refused").cause == "could not be processed (ZeroDivisionError)"


def test_hook_answers_by_signature(connection, client):
    delivery = build_delivery(build_order())
    url = f"/hooks/{connection.pk}"
    headers = {"X-Signature": delivery.headers["x-signature"], "X-Delivery": "d"}
    answer = client.post(url, delivery.body, content_type="application/json", headers=headers)
    assert (answer.status_code, answer.content) == (200, b"stored")
    assert client.post(url, b"{}", content_type="application/json", headers=headers).status_code == 401
    assert client.post(url, b"ping", content_type="text/plain").content == b"pong"
    assert client.get(url).status_code == 405
    assert client.post("/hooks/nothing").status_code == 404
    assert ShopEvent.objects.count() == 1
    assert ShopEvent.objects.get().received_at <= timezone.now()
    assert sign(b"") != ""
