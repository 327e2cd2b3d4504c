"""A real shop's invoices, as orders by the month; they lie beside the checkout, not in it."""

import json
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest
from django.test import Client

RECORDS = Path(__file__).resolve().parents[2].parent / "shared" / "retail"
MONTHS = ("2010-12", "2011-01", "2011-02", "2011-03")
CODES = [f"R{number:04d}" for number in range(2000)]

requires_records = pytest.mark.skipif(not RECORDS.is_dir(), reason="the retail records are not beside this checkout")


def convert_orders(*options: str) -> list[str]:
    """The converter's lines; all files at once, so that returns find their orders."""
    done = subprocess.run([sys.executable, RECORDS / "orders.py", *options], capture_output=True, check=True, text=True)
    return done.stdout.splitlines()


def load_months() -> dict[str, list[str]]:
    """The snapshots of each month by their `updated_at`; the last month takes what comes after it."""
    found: dict[str, list[str]] = {month: [] for month in MONTHS}
    for line in convert_orders():
        found[min(json.loads(line)["updated_at"][:7], MONTHS[-1])].append(line)
    assert sum(map(len, found.values())) == 8_088
    return found


def post_orders(lines: list[str], key: str) -> None:
    """Send the snapshots as a shop does, a thousand at a time; each is taken."""
    for start in range(0, len(lines), 1000):
        answer = Client().post(
            "/api/v1/orders/batch",
            "\n".join(lines[start : start + 1000]),
            content_type="application/x-ndjson",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 200
        assert set(Counter(row["outcome"] for row in answer.json())) <= {"created", "updated"}
