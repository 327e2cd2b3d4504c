"""Intake stores invalid rows in the rejects inbox and nowhere else."""

import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from shops import intake
from shops.models import Reject
from tests.scenarios import build_order, create_program, import_affiliates, send_orders
from tests.tracking.test_snapshots import CASES, NOW, build_changed_row
from tracking.models import Order, OrderLine, OrderSnapshot

pytestmark = pytest.mark.django_db


def test_snapshot_breaking_any_rule_is_only_stored_as_a_reject():
    create_program("2026-01-01")
    rows = [json.loads(json.dumps(build_changed_row(path, value))) for path, value, _ in CASES]
    results = send_orders(*rows, now=NOW)
    assert {result.outcome for result in results} == {"rejected"}
    assert [result.field for result in results] == [field for _, _, field in CASES]
    assert all(result.cause for result in results)
    stored = Reject.objects.filter(state=Reject.State.OPEN)
    assert sorted(stored.values_list("field", flat=True)) == sorted(field for _, _, field in CASES)
    assert not stored.filter(content__contains="17850").exists(), "the customer reference is stored only as a hash"
    assert not Order.objects.exists()
    assert not OrderLine.objects.exists()
    assert not OrderSnapshot.objects.exists()


def test_line_with_a_byte_order_mark_is_rejected():
    row = intake.parse_line(b"\xef\xbb\xbf{}")
    assert row.is_rejected
    assert row.cause == "the line begins with a byte order mark"


def test_batch_is_read_again_if_the_program_has_another_currency_than_the_last_batch(monkeypatch):
    create_program("2026-01-01")
    good, bad = build_order("A1"), build_order("A2", currency="GBP")
    unreadable = intake.parse_line(b"[")
    expected = [(row.outcome, row.field, row.cause) for row in send_orders(good, bad, {}, now=NOW)]
    assert [outcome for outcome, *_rest in expected] == ["created", "rejected", "rejected"]
    for rows in ([build_order("A3"), build_order("A4", currency="GBP"), {}], [build_order("A5", currency="GBP")]):
        monkeypatch.setitem(intake._last, "currency", "GBP")
        results = send_orders(*rows, unreadable, now=NOW)
        assert [(row.outcome, row.field, row.cause) for row in results[:-1]] == (
            expected if rows[1:] else expected[1:2]
        )
        assert results[-1].cause.startswith("the line is not JSON")
    assert set(Order.objects.values_list("order_id", flat=True)) == {"A1", "A3"}


def test_single_order_takes_five_statements(tmp_path):
    """One reads what it needs, four write: the order, its snapshot, lines and commissions."""
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    send_orders(build_order("A1", coupon="ANN"), now=NOW)
    with CaptureQueriesContext(connection) as queries:
        send_orders(build_order("A2", coupon="ANN"), now=NOW)
    statements = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
    assert len(statements) == 5, statements
