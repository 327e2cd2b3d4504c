"""The dry run of a close: what it would do, and what of that is unusual (specification 6)."""

from __future__ import annotations

from typing import Any

from django.contrib.admin import ModelAdmin
from django.http import Http404, HttpRequest, HttpResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _

from agreements.periods import Period
from lib import csv_downloads
from lib.admin.pages import build_changelist_url
from payouts.admin.bases import money_page
from payouts.closing.close import list_due_months
from payouts.closing.dry_run import CSV_COLUMNS, MAX_LISTED, DryRun, iter_csv_rows, simulate_close
from payouts.disbursement import month_end
from payouts.models import Close


def render_dry_run(model_admin: ModelAdmin[Any], request: HttpRequest, month: Period | None) -> HttpResponse:
    """Show the dry run of `month`, with a button that closes it if it has ended."""
    now = timezone.now()
    dry_run = simulate_close(month=month, now=now) if month else None
    due_months = list_due_months(now)
    may_close = dry_run is None or dry_run.has_ended
    return money_page(
        model_admin,
        request,
        "admin/payouts/close.html",
        _("Close the next month") if may_close else _("Dry run of %(month)s") % {"month": month},
        dry_run=dry_run,
        closes_at=month_end.get_automatic_close(month, now) if month else None,
        month_end_url=reverse("admin:payouts_close_month_end"),
        due=month in due_months,
        due_months=due_months,
        rows=_build_comparison(dry_run),
        max_listed=MAX_LISTED,
        back=build_changelist_url(Close),
    )


def build_csv_response(month: Period | None) -> HttpResponse:
    """Return a CSV with one row per statement of the dry run."""
    if month is None:
        raise Http404
    rows = iter_csv_rows(month=month, now=timezone.now())
    return csv_downloads.build_csv_response(f"dry-run-{month}.csv", CSV_COLUMNS, rows)


def _build_comparison(dry_run: DryRun | None) -> list[dict[str, Any]]:
    """Return each figure with its values in this month and in the previous months, newest first."""
    if dry_run is None:
        return []
    labels = {
        "statements": (_("Statements"), False),
        "lines": (_("Lines"), False),
        "opening": (_("Opening balances"), True),
        "settled": (_("+ commissions settled"), True),
        "adjustments": (_("+ adjustments"), True),
        "returned": (_("+ payouts failed, returned or cancelled"), True),
        "paid": (_("− payouts"), True),
        "carried": (_("= carried over to the next month"), True),
        "payouts": (_("Payouts"), False),
        "negative": (_("Negative balances"), False),
        "exceptions": (_("Close exceptions"), False),
    }
    columns = [dry_run.figures, *dry_run.before]
    return [
        {"label": label, "is_money": is_money, "values": [getattr(column, name) for column in columns]}
        for name, (label, is_money) in labels.items()
    ]
