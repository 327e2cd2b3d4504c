"""Three months of a real shop's invoices, replayed: 2,000 affiliates, every month to the cent.

The figures are those of the records' own README, worked out from CONTRACT.md by an independent program. `test_twenty` sends
the same months by HTTP, to a program in which something happens to twenty of the affiliates.
"""

from pathlib import Path

import pytest
from django.core.management import call_command

from affiliates.models import Affiliate
from payouts.closing import verification
from payouts.closing.replay import replay
from payouts.models import Close
from shops.models import Reject
from tests.stories.retail import CODES, MONTHS, by_month, orders, with_records
from tests.worlds import begin, bring_over, rollup_differences
from tracking.models import Order, OrderSnapshot

pytestmark = [pytest.mark.django_db, pytest.mark.slow, with_records]

TABLE = [
    "period=2010-12 statements=0 lines=0 posted=0.00 payouts=0 paid=0.00 carried=0.00 negative=0 set_aside=0",
    "lines=25973 posted=27697.43 payouts=438 paid=24587.34 carried=3110.09 negative=0 set_aside=0",
    "lines=13679 posted=17422.47 payouts=280 paid=16507.22 carried=4025.34 negative=8 set_aside=0",
    "lines=22650 posted=24205.62 payouts=464 paid=23400.62 carried=4830.34 negative=4 set_aside=0",
]


@pytest.fixture
def _program(tmp_path) -> None:
    begin("2010-11-01")
    bring_over(CODES, tmp_path, accepted="2010-11-02")
    assert Affiliate.objects.filter(state="active").count() == 2000


def load(lines: list[str], folder: Path) -> None:
    file = folder / "orders.ndjson"
    file.write_text("\n".join(lines), encoding="utf-8")
    call_command("load_orders", str(file), "--strict")


def close(month: str, expected: str, capsys) -> None:
    capsys.readouterr()
    call_command("close_month", month)
    assert expected in capsys.readouterr().out


@pytest.mark.usefixtures("_program")
def test_each_month_is_closed_to_the_cent(tmp_path, capsys):
    records = by_month()
    for month, expected in zip(MONTHS, TABLE, strict=True):
        load(records[month], tmp_path)
        close(month, expected, capsys)
    assert [finding for finding in verification.verify() if finding.violations] == []
    assert not Reject.objects.exists()
    assert [difference for closed in Close.objects.all() for difference in replay(closed)] == []
    assert rollup_differences() == []


@pytest.mark.usefixtures("_program")
def test_records_that_are_no_sale_are_each_rejected_and_kept(tmp_path, capsys):
    dirt = orders("--dirt")
    file = tmp_path / "dirt.ndjson"
    file.write_text("\n".join(dirt), encoding="utf-8")
    capsys.readouterr()
    call_command("load_orders", str(file))
    assert f"rejected={len(dirt)}" in capsys.readouterr().out
    assert Reject.objects.exclude(field="").exclude(cause="").count() == len(dirt) > 0
    assert not Order.objects.exists()
    assert not OrderSnapshot.objects.exists()
