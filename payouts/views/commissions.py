"""Pages of an affiliate's commissions and orders."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from affiliates.access import affiliate_view
from affiliates.downloads import limits_downloads
from affiliates.models import Affiliate
from agreements.category_names import load_category_names
from agreements.clauses import get_clause_number
from agreements.rules import Rule
from lib.csv_downloads import stream_csv_response
from lib.replica import reads_replica
from payouts.closing import payout_forecast
from payouts.filters import CommissionFilter, list_periods
from payouts.reporting import commission_csv, order_groups, order_page
from payouts.reporting.order_groups import Page
from payouts.reporting.order_payout import find_order_payout
from payouts.tables import CommissionTable
from tracking.orders import attribution_explanation
from tracking.orders.order_lookup import find_order_by_id, find_order_by_number


@affiliate_view
@reads_replica
def commissions(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the orders with commissions; `after` is the cursor of the page before."""
    now = timezone.now()
    filters = CommissionFilter(request, affiliate, now)
    if not filters.form.is_valid():
        return _render_invalid(request, filters)
    after = request.GET.get("after", "")
    page = order_groups.get_page(filters.qs, filters.chosen_sort, after, now)
    number = filters.values.get("order", "")
    context = {
        "form": filters.form,
        "periods": list_periods(now.astimezone(filters.zone).date()),
        "is_filtered": bool(filters.values),
        "table": _build_table(page, filters) if page.rows else None,
        "active_filters": [] if page.rows else filters.describe(),
        "order_number": number,
        "lookup": _look_up(affiliate, number, now) if number and not page.rows else {},
        "older": page.next_cursor,
        "after": after,
    }
    return render(request, "payouts/commissions.html", context)


def _build_table(page: Page, filters: CommissionFilter) -> CommissionTable:
    return CommissionTable(page.rows, filters.category_names, filters.chosen_sort, filters.sum_matching(), filters.zone)


@require_safe
@affiliate_view
@limits_downloads
@reads_replica
def commissions_csv(request: HttpRequest, affiliate: Affiliate) -> HttpResponseBase:
    """Return the commissions that match the filters as a CSV file, a row for each line of an order."""
    now = timezone.now()
    filters = CommissionFilter(request, affiliate, now)
    if not filters.form.is_valid():
        return _render_invalid(request, filters)
    rows = commission_csv.iter_rows(filters.qs, now, filters.zone)
    return stream_csv_response("commissions.csv", commission_csv.COLUMNS, rows)


def _render_invalid(request: HttpRequest, filters: CommissionFilter) -> HttpResponse:
    return render(request, "payouts/commissions.html", {"form": filters.form, "is_filtered": True}, status=400)


@require_safe
@affiliate_view
def find_order(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Redirect to the order with the shop's number `order`.

    An order without a coupon or click of the affiliate is answered like one that does not exist.
    """
    number = request.GET.get("order", "").strip().removeprefix("#")
    if not number:
        return render(request, "payouts/find_order.html")
    context = _look_up(affiliate, number, timezone.now())
    if found := context.get("lookup"):
        return redirect("payouts:order", found.order.pk)
    return render(request, "payouts/find_order.html", context, status=429 if "rate_limited" in context else 404)


def _look_up(affiliate: Affiliate, number: str, now: datetime) -> dict[str, Any]:
    """Return the `lookup` of the order `number`; without one, what the page says instead."""
    if not order_page.is_lookup_allowed(affiliate_id=affiliate.pk, now=now):
        return {"number": number, "rate_limited": True}
    lookup = find_order_by_number(affiliate, number)
    if lookup is None:
        return {"number": number, "not_found": True, "ask_address": _build_question_address(number)}
    return {"lookup": lookup}


def _build_question_address(number: str) -> str:
    """Return the address of a message to the program about the order, which the affiliate completes."""
    subject = _("Order %(number)s") % {"number": number}
    text = _("Please check whether order %(number)s should be credited to me. I expected it because: ")
    return (
        f"{reverse('messaging:new_conversation')}?{urlencode({'subject': subject, 'text': text % {'number': number}})}"
    )


@affiliate_view
def order(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show why an order is attributed to the affiliate or not, and what its lines earn.

    An order without a coupon or click of the affiliate answers 404.
    """
    now, lookup = timezone.now(), find_order_by_id(affiliate, pk)
    if lookup is None:
        raise Http404
    upcoming = payout_forecast.get_payout_forecast(affiliate, now) if lookup.is_own else None
    lines = order_page.list_commission_lines(lookup, upcoming, now)
    context = {
        "lookup": lookup,
        "order": lookup.order,
        "explanation": attribution_explanation.explain_order(lookup, settled=order_page.is_settled(lookup.order)),
        "lines": lines,
        "category_names": load_category_names(),
        "tax_clause": get_clause_number(lines[0].commission.agreement_id, Rule.BEFORE_TAX) if lines else "",
        "promotions": order_page.list_promotions(lines),
        "order_payout": find_order_payout(lines, upcoming),
    }
    return render(request, "payouts/order.html", context)
