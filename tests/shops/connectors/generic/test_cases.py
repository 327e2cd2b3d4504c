"""Situations of orders, each with the snapshot that was computed by hand before the code existed (specification 11)."""

import json
from datetime import timedelta
from pathlib import Path

import pytest

from shops.connectors.base import Ignored, StoredEvent
from shops.connectors.event_bodies import parse_body
from shops.connectors.generic.connector import Generic
from shops.connectors.parts import merge
from tests.scenarios import NOW
from tests.shops.connectors.generic.generic_shop import build_connection, build_event
from tracking.orders.snapshot_fields import Rejected

CASES = json.loads((Path(__file__).parent / "cases.json").read_text(encoding="utf-8"))


def build_snapshot(case):
    """Return the row after all events of the case, or what became of the last."""
    connector, connection = Generic(), build_connection(**case.get("options", {}))
    state, row = {}, None
    for number, order in enumerate(case["events"]):
        content = parse_body(json.dumps(build_event(order)).encode())
        event = StoredEvent("", "", NOW + timedelta(seconds=number), content)
        try:
            found = connector.read_event(event, connection.options)
            state = json.loads(json.dumps(merge(state, found.parts), default=str))
            row = connector.build_order(state, connection, was_sent=row is not None, now=NOW).row
        except Ignored as reason:
            row = {"ignored": str(reason)}
        except Rejected as refusal:
            row = {"rejected": refusal.field}
    return row


@pytest.mark.parametrize("case", CASES, ids=[case["name"] for case in CASES])
def test_events_make_snapshot(case):
    row = build_snapshot(case)
    found = {key: row.get(key) for key in case["expect"] if key not in ("lines", "quantities")}
    if "lines" in row:
        found["lines"] = [[line["line_id"], line["amount"], line["refunded"]] for line in row["lines"]]
        if "quantities" in case["expect"]:
            found["quantities"] = [line["quantity"] for line in row["lines"]]
    assert found == case["expect"]
