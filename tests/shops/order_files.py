"""CSV files of orders for tests."""

import io

from accounts.models import User
from shops.csv_import import files
from shops.models import OrderFile
from tests.scenarios import NOW

HEADINGS = (
    "order_id", "updated_at", "status", "placed_at", "completed_at", "currency", "click_id", "coupon", "customer.ref",
    "customer.country", "line_id", "sku", "title", "category", "quantity", "amount", "refunded",
)  # fmt: skip
AT = "2026-01-10T12:00:00Z"


def build_row(order_id: str = "A1", line: str = "1", **changed: str) -> dict[str, str]:
    return {
        "order_id": order_id, "updated_at": AT, "status": "paid", "placed_at": AT, "completed_at": "",
        "currency": "USD", "click_id": "", "coupon": "", "customer.ref": "17850", "customer.country": "United Kingdom",
        "line_id": line, "sku": "85123A", "title": "WHITE HANGING HEART T-LIGHT HOLDER", "category": "home-decor",
        "quantity": "1", "amount": "100.00", "refunded": "0.00",
    } | changed  # fmt: skip


def build_file(*rows: dict[str, str], delimiter: str = ",", headings: list[str] | None = None) -> bytes:
    """Return a file with all columns, under other headings if given."""
    lines = [delimiter.join(headings or HEADINGS), *(delimiter.join(row[name] for name in HEADINGS) for row in rows)]
    return "\n".join([*lines, ""]).encode()


def upload(clerk: User, content: bytes) -> OrderFile:
    return files.store_file(name="orders.csv", content=io.BytesIO(content), now=NOW, by=clerk)


def upload_and_preview(clerk: User, content: bytes) -> OrderFile:
    file = upload(clerk, content)
    files.match_columns(file=file, mapping=files.propose_mapping(file), now=NOW)
    file.refresh_from_db()
    return file


def import_file(clerk: User, content: bytes) -> OrderFile:
    file = upload_and_preview(clerk, content)
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    file.refresh_from_db()
    return file
