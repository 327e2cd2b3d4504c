"""Intake stores invalid rows in the rejects inbox and nowhere else."""

import json

import pytest

from shops import intake
from shops.models import Reject
from tests.scenarios import create_program, send_orders
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
