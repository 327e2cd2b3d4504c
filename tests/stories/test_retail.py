"""Three months of a real shop's invoices, replayed: 2,000 affiliates, every month to the cent.

The figures are those of the records' own README, worked out from CONTRACT.md by an independent program.
"""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.core.management import call_command
from django.test import Client

from accounts import api_keys
from affiliates.models import Affiliate
from payouts import verification
from payouts.models import Close
from payouts.replaying import replay
from tests.worlds import NOW, begin, bring_over, rollup_differences
from tracking.models import Order, OrderSnapshot, Reject

RECORDS = Path(__file__).resolve().parents[2].parent / "shared" / "retail"

pytestmark = [
    pytest.mark.django_db,
    pytest.mark.slow,
    pytest.mark.skipif(not RECORDS.is_dir(), reason="the retail records are not beside this checkout"),
]

MONTHS = ("2010-12", "2011-01", "2011-02", "2011-03")
TABLE = [
    "period=2010-12 statements=0 lines=0 posted=0.00 payouts=0 paid=0.00 carried=0.00 negative=0 set_aside=0",
    "lines=25973 posted=27697.43 payouts=438 paid=24587.34 carried=3110.09 negative=0 set_aside=0",
    "lines=13679 posted=17422.47 payouts=280 paid=16507.22 carried=4025.34 negative=8 set_aside=0",
    "lines=22650 posted=24205.62 payouts=464 paid=23400.62 carried=4830.34 negative=4 set_aside=0",
]


def orders(*options: str) -> list[str]:
    """The converter's lines; all files at once, so that returns find their orders."""
    done = subprocess.run([sys.executable, RECORDS / "orders.py", *options], capture_output=True, check=True, text=True)
    return done.stdout.splitlines()


@pytest.fixture(scope="module")
def by_month() -> dict[str, list[str]]:
    """The snapshots of each month by their `updated_at`; the last month takes what comes after it."""
    found: dict[str, list[str]] = {month: [] for month in MONTHS}
    for line in orders():
        found[min(json.loads(line)["updated_at"][:7], MONTHS[-1])].append(line)
    assert sum(map(len, found.values())) == 8_088
    return found


@pytest.fixture
def _program(tmp_path) -> None:
    begin("2010-11-01")
    bring_over([f"R{number:04d}" for number in range(2000)], tmp_path, accepted="2010-11-02")
    assert Affiliate.objects.filter(state="active").count() == 2000


def load(lines: list[str], folder: Path) -> None:
    file = folder / "orders.ndjson"
    file.write_text("\n".join(lines), encoding="utf-8")
    call_command("load_orders", str(file), "--strict")


def post(lines: list[str], client: Client, headers: dict[str, str]) -> None:
    for start in range(0, len(lines), 1000):
        answer = client.post(
            "/api/v1/orders/batch",
            "\n".join(lines[start : start + 1000]),
            content_type="application/x-ndjson",
            headers=headers,
        )
        assert answer.status_code == 200
        assert set(Counter(row["outcome"] for row in answer.json())) <= {"created", "updated"}


def close(month: str, expected: str, capsys) -> None:
    capsys.readouterr()
    call_command("close_month", month)
    assert expected in capsys.readouterr().out


@pytest.mark.usefixtures("_program")
@pytest.mark.parametrize("way", ["load_orders", "HTTP batch"])
def test_each_month_is_closed_to_the_cent(way, by_month, tmp_path, capsys):
    headers = {"Authorization": f"Bearer {api_keys.create(name='the shop', now=NOW, by=None)[1]}"}
    client = Client()
    for month, expected in zip(MONTHS, TABLE, strict=True):
        if way == "load_orders":
            load(by_month[month], tmp_path)
        else:
            post(by_month[month], client, headers)
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
