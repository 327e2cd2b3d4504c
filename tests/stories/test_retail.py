"""Four months of a real shop's invoices for 2,000 affiliates: every close is right to the cent.

The expected figures come from the README of the records, computed from the specification by an independent program.
`test_twenty_affiliates` sends the same months by HTTP, with events for twenty of the affiliates.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from django.core.management import call_command

from affiliates.models import Affiliate
from payouts.closing import verification
from payouts.closing.replay import replay
from payouts.models import Close
from shops.models import Reject
from tests.scenarios import check_constraints, create_program, import_affiliates, list_rollup_differences, roll_back
from tests.stories.retail import CODES, MONTHS, convert_orders, load_months, requires_records
from tracking.models import Order, OrderSnapshot

pytestmark = [pytest.mark.django_db, pytest.mark.slow, requires_records]

TABLE = [
    "period=2010-12 statements=0 lines=0 settled=0.00 payouts=0 paid=0.00 carried=0.00 negative=0 exceptions=0",
    "lines=25973 settled=27697.43 payouts=438 paid=24587.34 carried=3110.09 negative=0 exceptions=0",
    "lines=13679 settled=17422.47 payouts=280 paid=16507.22 carried=4025.34 negative=8 exceptions=0",
    "lines=22650 settled=24205.62 payouts=464 paid=23400.62 carried=4830.34 negative=4 exceptions=0",
]


@pytest.fixture(scope="module")
def _program(django_db_setup, django_db_blocker, tmp_path_factory) -> Iterator[None]:
    with django_db_blocker.unblock(), roll_back():
        create_program("2010-11-01")
        import_affiliates(CODES, tmp_path_factory.mktemp("retail"), accepted="2010-11-02")
        assert Affiliate.objects.filter(state="active").count() == 2000
        check_constraints()
        yield


def load_orders(lines: list[str], folder: Path) -> None:
    file = folder / "orders.ndjson"
    file.write_text("\n".join(lines), encoding="utf-8")
    call_command("load_orders", str(file), "--strict")


def close_month(month: str, expected: str, capsys) -> None:
    capsys.readouterr()
    call_command("close_month", month)
    assert expected in capsys.readouterr().out


@pytest.mark.usefixtures("_program")
def test_each_month_closes_to_the_cent(tmp_path, capsys):
    records = load_months()
    for month, expected in zip(MONTHS, TABLE, strict=True):
        load_orders(records[month], tmp_path)
        close_month(month, expected, capsys)
    assert [finding for finding in verification.check_invariants() if finding.violations] == []
    assert not Reject.objects.exists()
    assert [difference for closed in Close.objects.all() for difference in replay(closed)] == []
    assert list_rollup_differences() == []


@pytest.mark.usefixtures("_program")
def test_records_that_are_not_sales_are_rejected_and_kept(tmp_path, capsys):
    dirty = convert_orders("--dirt")
    file = tmp_path / "dirt.ndjson"
    file.write_text("\n".join(dirty), encoding="utf-8")
    capsys.readouterr()
    call_command("load_orders", str(file))
    assert f"rejected={len(dirty)}" in capsys.readouterr().out
    assert Reject.objects.exclude(field="").exclude(cause="").count() == len(dirty) > 0
    assert not Order.objects.exists()
    assert not OrderSnapshot.objects.exists()
