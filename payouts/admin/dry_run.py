"""The page before a close: what it would do, and what of that is unusual (CONTRACT 6)."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.translation import gettext as _

from agreements.periods import Period
from lib.admin.pages import list_of
from lib.csv import csv_bytes
from payouts.admin.bases import money_page
from payouts.closing.close import due_months
from payouts.closing.dry_run import CSV_COLUMNS, MOST, Preview, csv_rows, preview
from payouts.models import Close


def shown(admin: ModelAdmin[Any], request: HttpRequest, month: Period | None) -> HttpResponse:
    """The dry run of `month`, and the button that closes it if it has ended."""
    now = timezone.now()
    found = preview(month=month, now=now) if month else None
    return money_page(
        admin, request, "admin/payouts/close.html", _("Close the next month"),
        found=found, due=month in due_months(now), months=_side_by_side(found), most=MOST, back=list_of(Close),
    )  # fmt: skip


def as_csv(month: Period | None) -> HttpResponse:
    """Every statement of the dry run, one row each."""
    if month is None:
        raise Http404
    content = csv_bytes(CSV_COLUMNS, csv_rows(month=month, now=timezone.now()))
    headers = {"Content-Disposition": f'attachment; filename="dry-run-{month}.csv"', "Cache-Control": "no-store"}
    return HttpResponse(content, content_type="text/csv; charset=utf-8", headers=headers)


def _side_by_side(found: Preview | None) -> list[dict[str, Any]]:
    """For each figure its value in this month and in those before, newest first."""
    if found is None:
        return []
    labels = {
        "statements": (_("Statements"), False),
        "lines": (_("Lines"), False),
        "posted": (_("Commissions posted"), True),
        "payouts": (_("Payouts"), False),
        "paid": (_("Paid out"), True),
        "carried": (_("Carried over"), True),
        "negative": (_("Balances below zero"), False),
        "set_aside": (_("Set aside"), False),
    }
    columns = [found.figures, *found.before]
    return [
        {"label": label, "is_money": is_money, "values": [getattr(column, name) for column in columns]}
        for name, (label, is_money) in labels.items()
    ]
