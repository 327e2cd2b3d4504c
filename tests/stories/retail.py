"""Orders of a real shop by month, converted from invoice records that are kept beside the checkout."""

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
    """Return the converter's lines, for all files at once, so that returns find their orders."""
    done = subprocess.run([sys.executable, RECORDS / "orders.py", *options], capture_output=True, check=True, text=True)
    return done.stdout.splitlines()


def load_months() -> dict[str, list[str]]:
    """Return the snapshots of each month by `updated_at`; later ones are in the last month."""
    months: dict[str, list[str]] = {month: [] for month in MONTHS}
    for line in convert_orders():
        months[min(json.loads(line)["updated_at"][:7], MONTHS[-1])].append(line)
    assert sum(map(len, months.values())) == 8_088
    return months


def post_orders(lines: list[str], key: str) -> None:
    """Send the snapshots as a shop does, a thousand at a time, and check that each is accepted."""
    for start in range(0, len(lines), 1000):
        answer = Client().post(
            "/api/v1/orders/batch",
            "\n".join(lines[start : start + 1000]),
            content_type="application/x-ndjson",
            headers={"Authorization": f"Bearer {key}"},
        )
        assert answer.status_code == 200
        assert set(Counter(row["outcome"] for row in answer.json())) <= {"created", "updated"}
