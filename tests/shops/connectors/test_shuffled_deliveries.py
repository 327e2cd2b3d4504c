"""Deliveries of each platform, shuffled and repeated: the same orders and commissions as once in order (specification 11).

Four senders deliver them at once, while two workers process them. `make faults` sends 1,000 of each platform.
"""

import os
import random
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from django.db import connections
from django.utils import timezone

from shops.connectors import folding, inbox
from shops.models import Platform, Reject, ShopEvent
from tests.scenarios import create_program, import_affiliates
from tests.shops.connectors.shop_histories import AFFILIATE, describe_orders, load_shop, shuffle

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]

DELIVERIES = int(os.environ.get("SHOP_DELIVERIES", "200"))
SENDERS, WORKERS = 4, 2


def deliver(connection, events):
    for event in events:
        now = timezone.now()
        inbox.receive(connection=connection, delivery=event(now), now=now)


def deliver_at_once(connection, deliveries):
    """Deliver by several senders, while workers process what has arrived."""
    ended = threading.Event()

    def send(part):
        try:
            deliver(connection, part)
        finally:
            connections.close_all()

    def work():
        try:
            while not ended.wait(0.02):
                folding.process_events(now=timezone.now())
        finally:
            connections.close_all()

    with ThreadPoolExecutor(SENDERS + WORKERS) as pool:
        workers = [pool.submit(work) for _ in range(WORKERS)]
        senders = [pool.submit(send, deliveries[number::SENDERS]) for number in range(SENDERS)]
        try:
            for sender in senders:
                sender.result()
        finally:
            ended.set()
    for worker in workers:
        worker.result()


@pytest.mark.parametrize("platform", Platform.values)
def test_shuffled_repeats_from_four_senders_end_in_the_same_orders_as_once_in_order(platform, tmp_path, caplog):
    create_program("2026-01-01")
    import_affiliates([AFFILIATE], tmp_path)
    shop, chance = load_shop(platform), random.Random(14)
    events = shop.list_events(DELIVERIES * 7 // 10, chance)
    ordered, mixed = shop.connect("ordered"), shop.connect("mixed")
    deliver(ordered, events)
    folding.process_events(now=timezone.now())
    deliver_at_once(mixed, shuffle(events, DELIVERIES, chance))
    folding.process_events(now=timezone.now())
    expected = describe_orders(ordered)
    assert len(expected) > DELIVERIES // 10
    assert any(commissions for *_order, commissions in expected.values())
    assert describe_orders(mixed) == expected
    # A worker that is in another's way fails and tries again, which would hide it.
    assert [record.message for record in caplog.records if record.levelname == "ERROR"] == []
    assert not Reject.objects.exists()
    assert not ShopEvent.objects.filter(state="waiting").exists()
    assert ShopEvent.objects.filter(connection=mixed, repeats__gt=0).exists()
