"""A program of any size: one affiliate and one order created by the product, then copied by the database.

Every copy has all rows of the original (account, status history, acceptance, payout details, coupon; order, line and
commission), with its own ids, dates, categories and amounts. Triggers and foreign keys are disabled while copying.
"""

import sys
import tempfile
from collections.abc import Mapping
from contextlib import redirect_stdout
from datetime import datetime
from pathlib import Path

from django.db import connection

CODE = "BENCH"

# By table, the columns in which a copy differs from the original, as SQL expressions of n, its number, from 1.
AFFILIATE_ID = "md5('affiliate' || n)::uuid"
AFFILIATE_TABLES = {
    "accounts_user": {"id": "md5('user' || n)::uuid", "email": "'bench' || n || '@example.com'"},
    "affiliates_affiliate": {"id": AFFILIATE_ID, "user_id": "md5('user' || n)::uuid", "code": "'N' || n"},
    "affiliates_statuschange": {"id": "md5('state' || n || '-' || rank)::uuid", "affiliate_id": AFFILIATE_ID},
    "agreements_acceptance": {
        "id": "md5('acceptance' || n)::uuid",
        "sequence": "n + 1",
        "affiliate_id": AFFILIATE_ID,
        "hash": "md5('a' || n) || md5('b' || n)",
    },
    "payouts_payoutdetails": {"id": "md5('details' || n)::uuid", "affiliate_id": AFFILIATE_ID},
    "tracking_coupon": {
        "id": "md5('coupon' || n)::uuid",
        "affiliate_id": AFFILIATE_ID,
        "code": "'N' || n",
        "key": "'n' || n",
    },
}
RATE_CARD = {
    "consumer-electronics": "2.60", "office-school": "4.00", "home-decor": "5.00", "kitchen-dining": "5.50",
    "toys-hobbies": "7.00", "beauty-health": "8.00", "jewelry-accessories": "8.50", "umbrellas": "3.00",
}  # fmt: skip


def create_program(effective: str = "2025-01-01") -> None:
    """Create the seed agreement, one active affiliate with a coupon and payout details, and one completed order."""
    from tests import scenarios

    with tempfile.TemporaryDirectory() as folder, redirect_stdout(sys.stderr):
        scenarios.create_program(effective)
        scenarios.import_affiliates([CODE], Path(folder), accepted="2025-01-02")
    at = "2025-01-10T12:00:00Z"
    scenarios.send_orders(scenarios.build_order("BENCH", placed=at, completed=at, at=at, coupon=CODE))


def copy_affiliates(copies: int) -> None:
    """Copy the affiliate; the codes of the copies are N1, N2 and so on."""
    for table, changes in AFFILIATE_TABLES.items():
        copy_rows(table, copies, changes)


def copy_orders(copies: int, *, affiliates: int, since: datetime, until: datetime, affiliate_number: str = "") -> None:
    """Copy the order, spread evenly over the time and over the first `affiliates` copies of the affiliate.

    `affiliate_number`, an SQL expression of n, chooses the affiliates differently, by the number of their copy.
    """
    names, rates = list(RATE_CARD), list(RATE_CARD.values())
    affiliate_number = affiliate_number or f"(1 + n % {affiliates})"
    affiliate_id = f"md5('affiliate' || {affiliate_number})::uuid"
    order = "md5('order' || n)::uuid"
    at = f"timestamptz '{since}' + n * (timestamptz '{until}' - timestamptz '{since}') / {copies + 1}"
    category = f"(ARRAY{names})[1 + n * 7 % {len(names)}]"
    rate = f"(ARRAY[{', '.join(rates)}])[1 + n * 7 % {len(rates)}]"
    amount = "round((1.00 + n % 9973) / 100, 2)"
    sales = {
        "tracking_order": {
            "id": order, "order_id": "'O' || n", "affiliate_id": affiliate_id, "candidate_id": affiliate_id,
            "placed_at": at, "completed_at": at, "coupon_code": f"'N' || {affiliate_number}",
        },
        "tracking_orderline": {"id": "1000000 + n", "order_id": order, "category": category, "amount": amount},
        "payouts_commission": {
            "line_id": "1000000 + n", "order_id": order, "affiliate_id": affiliate_id, "placed_at": at,
            "category": category, "rate": rate, "base": amount, "amount": f"round({amount} * {rate} / 100, 2)",
            "validates_at": f"{at} + interval '30 days'",
        },
    }  # fmt: skip
    for table, changes in sales.items():
        copy_rows(table, copies, changes)


def copy_rows(table: str, copies: int, changes: Mapping[str, str], *, where: str = "") -> None:
    """Copy the original row of `table`, or the rows that fit `where`; `changes` are SQL expressions of n by column."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT attname FROM pg_attribute WHERE attrelid = %s::regclass AND attnum > 0", [table])
        columns = [name for (name,) in cursor.fetchall()]
        assert set(changes) <= set(columns), set(changes) - set(columns)
        values = ", ".join(changes.get(column, f'original."{column}"') for column in columns)
        cursor.execute("SET session_replication_role = replica")
        cursor.execute(
            f"""
            WITH original AS MATERIALIZED (
                SELECT *, row_number() OVER () AS rank FROM {table} WHERE {where or _select_original(table)}
            )
            INSERT INTO {table} ({", ".join(f'"{column}"' for column in columns)})
            SELECT {values} FROM original, generate_series(1, {copies}::bigint) AS n
            """
        )
        cursor.execute("SET session_replication_role = DEFAULT")
        cursor.execute(f"ANALYZE {table}")


def _select_original(table: str) -> str:
    """Return the SQL condition for the rows of the original in the table."""
    if table == "accounts_user":
        return f"email = '{CODE.lower()}@example.com'"
    if table == "affiliates_affiliate":
        return f"code = '{CODE}'"
    if table == "tracking_order":
        return "order_id = 'BENCH'"
    if table in ("tracking_orderline", "payouts_commission"):
        return "order_id = (SELECT id FROM tracking_order WHERE order_id = 'BENCH')"
    return f"affiliate_id = (SELECT id FROM affiliates_affiliate WHERE code = '{CODE}')"
