"""A program of three months for the tests of CSV reports, small enough to add up by hand.

| order | placed | category, rate | goods less refunds | commission | settled |
| --- | --- | --- | --- | --- | --- |
| ANN-1 | 10 January | home-decor, 5.00 % | 400.00 | 20.00 | February: 20.00 |
| ANN-2 | 20 January | kitchen-dining, 5.50 % | 100.00, from March 60.00 | 5.50, then 3.30 | February: 5.50, March: -2.20 |
| ANN-3 | 31 January | toys-hobbies, 7.00 % | 33.33, cancelled in February | 0.00 | |
| ANN-4 | 5 February | jewelry-accessories, 8.50 % | 99.99 | 8.49915, so 8.50 | March: 8.50 |
| BEN-1 | 15 January | everything else, 3.00 % | 1000.00 | 30.00 | February: 30.00 |
| NONE-1 | 16 January | credited to no one | 50.00 | | |
"""

import csv
from collections.abc import Iterable, Iterator
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import time_machine
from django.test import Client

from accounts import api_keys
from accounts.models import Scope
from affiliates.models import Affiliate
from payouts.commissions import rollups
from tests.payouts.click_data import make_click, make_link
from tests.scenarios import build_order, close_months, create_program, import_affiliates, parse_utc, send_orders

NOW = parse_utc("2026-04-10T12:00:00")
Row = dict[str, str]


def build_report_program(folder: Path) -> dict[str, Affiliate]:
    """Create the program, and close its months up to March."""
    create_program("2026-01-01")
    affiliates = import_affiliates(["ANN", "BEN"], folder)
    link = make_link(affiliates["ANN"])
    for moment in ("01-09T12:00:00", "01-09T13:00:00", "02-01T00:30:00"):
        make_click(link, parse_utc(f"2026-{moment}"), address="203.0.113.0", user_agent="CanaryBrowser/1.0")
    send(
        "2026-01-31", ("ANN-1", "ANN", "10", "home-decor", "400.00"), ("ANN-2", "ANN", "20", "kitchen-dining", "100.00")
    )
    send(
        "2026-01-31", ("BEN-1", "BEN", "15", "garden-gnomes", "1000.00"), ("NONE-1", None, "16", "home-decor", "50.00")
    )
    send("2026-01-31", ("ANN-3", "ANN", "31", "toys-hobbies", "33.33"))
    send("2026-02-06", ("ANN-3", "ANN", "31", "toys-hobbies", "33.33"), status="cancelled")
    send("2026-02-06", ("ANN-4", "ANN", "05", "jewelry-accessories", "99.99"))
    close_months("2026-01", now=parse_utc("2026-02-07"))
    close_months("2026-02", now=parse_utc("2026-03-03"))
    send("2026-03-05", ("ANN-2", "ANN", "20", "kitchen-dining", "100.00", "40.00"))
    close_months("2026-03", now=parse_utc("2026-04-03"))
    rollups.fold_rollups()
    return affiliates


def send(day: str, *orders: tuple, **fields: str) -> None:
    """Send orders on `day`: id, coupon, day of the month placed, category, amount, refunded; all are completed at once."""
    with time_machine.travel(parse_utc(f"{day}T20:00:00"), tick=False):
        for order_id, coupon, placed, *line in orders:
            month = "02" if order_id == "ANN-4" else "01"
            at = f"2026-{month}-{placed}T12:00:00Z"
            [result] = send_orders(
                build_order(
                    order_id, tuple(line), at=f"{day}T20:00:00Z", placed=at, completed=at, coupon=coupon, **fields
                ),
                now=parse_utc(f"{day}T20:00:00"),
            )
            assert result.outcome in ("created", "updated"), result.cause


class ReportReader:
    """Downloads reports with an API key."""

    def __init__(self, *scopes: Scope) -> None:
        chosen = [scope.value for scope in scopes or (Scope.REPORTS_READ,)]
        self.key, self.secret = api_keys.create(name="warehouse", scopes=chosen, now=NOW, by=None)

    def request(self, name: str, method: str = "GET", **parameters: Any):
        headers = {"Authorization": f"Bearer {self.secret}"}
        query = parameters if method == "GET" else None
        return Client().generic(method, f"/api/v1/reports/{name}.csv", headers=headers, query_params=query)

    def read(self, name: str, **parameters: Any) -> list[Row]:
        response = self.request(name, **parameters)
        assert response.status_code == 200, response.content
        return parse_csv(response.streaming_content)


def parse_csv(pieces: Iterable[bytes]) -> list[Row]:
    return list(csv.DictReader(StringIO(b"".join(pieces).decode("utf-8-sig"))))


def add_up(rows: Iterable[Row], column: str) -> Decimal:
    return sum((Decimal(row[column]) for row in rows), Decimal("0.00"))


def select(rows: Iterable[Row], **values: str) -> Iterator[Row]:
    return (row for row in rows if all(row[name] == value for name, value in values.items()))
