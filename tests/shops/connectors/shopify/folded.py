"""Events of one order, read and folded into its state as the inbox does, without a database."""

from collections.abc import Sequence
from datetime import datetime

from shops.connectors.base import BuiltOrder, StoredEvent
from shops.connectors.event_bodies import parse_body
from shops.connectors.parts import State, merge
from shops.connectors.registry import CONNECTORS
from shops.models import Connection, Platform
from tests.shops.connectors.shopify.payloads import RECEIVED, Sent, build_delivery

SHOPIFY = CONNECTORS[Platform.SHOPIFY]


def read(sent: Sent, *, received_at: datetime = RECEIVED):
    delivery = build_delivery(sent)
    name = SHOPIFY.name_event(delivery, {})
    event = StoredEvent(name.topic, name.triggered_at, received_at, parse_body(delivery.body))
    return SHOPIFY.read_event(event, {})


def fold(events: Sequence[Sent]) -> State:
    state: State = {}
    for sent in events:
        state = merge(state, read(sent).parts)
    return state


def build(events: Sequence[Sent], *, completion: str = "fulfilled", was_sent: bool = False) -> BuiltOrder:
    connection = Connection(platform=Platform.SHOPIFY, completion=completion)
    return SHOPIFY.build_order(fold(events), connection, was_sent=was_sent, now=RECEIVED)
