"""Snapshots of Stripe's payments: the table of cases, and the fields of a snapshot (specification 11)."""

import json
from itertools import permutations

import pytest

from shops.connectors.base import Ignored, OrderParts, StoredEvent
from shops.connectors.parts import merge
from shops.connectors.stripe.connector import Stripe
from tests.scenarios import NOW
from tests.shops.connectors.stripe.cases import CASES, IGNORED, Case
from tests.shops.connectors.stripe.payloads import make_connection

STRIPE = Stripe()


def fold(events, options):
    """Return the state after the events, as it is stored."""
    state = {}
    for event in events:
        found = STRIPE.read_event(StoredEvent(event["type"], "", NOW, event), options)
        assert isinstance(found, OrderParts)
        state = merge(state, found.parts)
    return json.loads(json.dumps(state))


def build(events, *, was_sent=False, **fields):
    connection = make_connection(**fields)
    return STRIPE.build_order(fold(events, connection.options), connection, was_sent=was_sent, now=NOW)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_situation_becomes_snapshot(case: Case):
    try:
        built = build(case.events, was_sent=case.was_sent, **case.connection)
    except Ignored:
        assert case.status == IGNORED
        return
    assert built.row["status"] == case.status
    assert [(line["amount"], line["refunded"]) for line in built.row["lines"]] == [(case.amount, case.refunded)]
    assert {key: built.row[key] for key in case.also} == case.also
    for text in case.notes:
        assert any(text in note for note in built.notes), built.notes


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_order_of_arrival_and_repeats_change_nothing(case: Case):
    connection = make_connection(**case.connection)
    try:
        expected = fold(case.events, connection.options)
    except Ignored:
        return
    for events in permutations(case.events):
        assert fold([*events, *events[:2]], connection.options) == expected
