"""The views of the schema `reporting`: documented, free of personal data, and all that the role for reports can read."""

import re
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from django.conf import settings
from django.db import connection
from django.db.models import QuerySet
from django.utils import timezone

from payouts.commissions.holds import hold_commissions
from payouts.models import Commission
from payouts.reporting.commission_list import STATE_LABELS, annotate_state
from portal.csv_reports.catalog import AFFILIATES, AUDIT, REPORTS
from tests.portal import erasure_scenario
from tests.portal.report_program import NOW, ReportReader, build_report_program
from tracking.models import Order

DOCUMENT = Path(settings.BASE_DIR) / "docs" / "reports.md"
TYPES = {
    "text": "text", "character varying": "text", "uuid": "text", "integer": "whole number", "bigint": "whole number",
    "date": "day", "timestamp with time zone": "time", "boolean": "yes/no",
    "numeric(5,2)": "percent", "numeric(14,2)": "amount",
}  # fmt: skip


class Column(NamedTuple):
    name: str
    type: str


def read_documented_columns() -> dict[str, tuple[list[Column], list[str]]]:
    """Return the documented columns of each view, and those that only the file has; each has a meaning."""
    text = DOCUMENT.read_text(encoding="utf-8").partition("## Columns")[2]
    documented = {}
    for section in text.split("\n### ")[1:]:
        rows = re.findall(r"^\| `(\w+)` \| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE)
        assert len(rows) == section.count("\n| ") - 2, section
        assert all(len(meaning) > 2 for _name, _type, meaning in rows)
        columns = [Column(name, type_) for name, type_, meaning in rows if "file only" not in meaning]
        documented[section.split("\n")[0]] = columns, [row[0] for row in rows if "file only" in row[2]]
    return documented


def read_view_columns() -> dict[str, list[Column]]:
    """Return the columns of the views in the database."""
    views: dict[str, list[Column]] = {}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT relname, attname, format_type(atttypid, atttypmod) FROM pg_attribute JOIN pg_class ON attrelid = oid"
            " WHERE relnamespace = 'reporting'::regnamespace AND attnum > 0 ORDER BY relname, attnum"
        )
        for view, name, type_ in cursor.fetchall():
            plain = type_ if type_.startswith("numeric") else type_.partition("(")[0]
            views.setdefault(view, []).append(Column(name, TYPES[plain]))
    return views


@pytest.mark.django_db
def test_columns_of_views_and_files_are_those_of_the_documentation():
    documented, views = read_documented_columns(), read_view_columns()
    assert documented.keys() == views.keys() == REPORTS.keys()
    for name, (columns, only_in_file) in documented.items():
        assert views[name] == columns, name
        assert list(REPORTS[name].columns) == [column.name for column in columns], name
        assert list(REPORTS[name].personal) == only_in_file, name


@pytest.mark.django_db
def test_statuses_of_commissions_are_those_of_the_pages(tmp_path):
    build_report_program(tmp_path)
    held, forfeited, pending, *_others = Commission.objects.filter(amount__gt=0).order_by("line_id")
    hold_commissions(commissions=[held], source="test", reason="A test.", now=NOW, by=None)
    Commission.objects.filter(pk=forfeited.pk).update(forfeited_at=NOW, amount=0)
    Commission.objects.filter(pk=pending.pk).update(validates_at=None)
    rows: QuerySet[Any] = annotate_state(Commission.objects.all(), timezone.now())
    pages = {
        (order, line): tuple(shown)
        for order, line, *shown in rows.values_list("order__order_id", "line__line_id", "state", "settled")
    }
    with connection.cursor() as cursor:
        cursor.execute("SELECT order_id, line_id, status, settled FROM reporting.commissions")
        assert {(order, line): tuple(rest) for order, line, *rest in cursor.fetchall()} == pages
    assert {state for state, _settled in pages.values()} == STATE_LABELS.keys()


@pytest.mark.django_db
def test_no_file_contains_payout_details_addresses_or_hashes():
    affiliate = erasure_scenario.build_erasure_scenario()
    reader = ReportReader()
    secrets = (
        {
            getattr(erasure_scenario, name)
            for name in ("PAYPAL", "HOLDER", "ACCOUNT", "MASKED", "BROWSER", "IP_ADDRESS", "REPLY", "FILE", "REPORTER")
        }
        | {"203.0.113", "GB33"}
        | set(Order.objects.exclude(customer_hash="").values_list("customer_hash", flat=True))
    )
    people = {erasure_scenario.NAME, erasure_scenario.EMAIL, affiliate.user.email}
    lengths = {}
    for name in REPORTS:
        text = b"".join(reader.request(name).streaming_content).decode()
        lengths[name] = text.count("\n")
        assert [secret for secret in secrets if secret in text] == [], name
        assert re.findall(r"[0-9a-f]{64}|sha256|pbkdf2|accord_", text) == [], name
        # The end of the account on its own; in a random identifier, hexadecimal digits or hyphens are next to it.
        assert re.findall(r"(?<![0-9a-f-])7781(?![0-9a-f-])", text) == [], name
        if name not in (AFFILIATES.name, AUDIT.name):
            assert [person for person in people if person in text] == [], name
    # Nothing is left out because there is nothing.
    assert [name for name, lines in lengths.items() if lines < 2] == ["clicks_by_day"]
    assert affiliate.name in b"".join(reader.request("affiliates").streaming_content).decode()
