"""Intake keeps whatever it refuses in the rejects inbox, and stores nothing else of it."""

import json

import pytest

from shops import intake
from shops.models import Reject
from tests.scenarios import create_program, send_orders
from tests.tracking.test_snapshots import CASES, NOW, build_changed_row
from tracking.models import Order, OrderLine, OrderSnapshot

pytestmark = pytest.mark.django_db


def test_one_snapshot_for_each_rule_broken():
    create_program("2026-01-01")
    rows = [json.loads(json.dumps(build_changed_row(path, value))) for path, value, _ in CASES]
    results = send_orders(*rows, now=NOW)
    assert {result.outcome for result in results} == {"rejected"}
    assert [result.field for result in results] == [field for _, _, field in CASES]
    assert all(result.cause for result in results)
    kept = Reject.objects.filter(state=Reject.State.OPEN)
    assert sorted(kept.values_list("field", flat=True)) == sorted(field for _, _, field in CASES)
    assert not kept.filter(content__contains="17850").exists(), "of a customer, a keyed hash alone is kept"
    assert not Order.objects.exists()
    assert not OrderLine.objects.exists()
    assert not OrderSnapshot.objects.exists()


def test_a_line_that_begins_with_a_byte_order_mark_by_its_name():
    found = intake.parse_line(b"\xef\xbb\xbf{}")
    assert isinstance(found, intake.Unparsed)
    assert found.cause == "begins with a byte order mark"
