"""Pages of an affiliate's commissions and orders."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates.access import affiliate_view
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from agreements.category_names import load_category_names
from agreements.clauses import get_clause_number
from agreements.rules import Rule
from lib.replica import reads_replica
from payouts.closing import payout_forecast
from payouts.filters import CommissionFilter
from payouts.reporting import commission_list, order_page
from payouts.tables import CommissionTable
from tracking.orders import attribution_explanation
from tracking.orders.order_lookup import find_order_by_id, find_order_by_number


@affiliate_view
@reads_replica
def commissions(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the commissions, newest first; `after` is the cursor of the page before."""
    now = timezone.now()
    filters = CommissionFilter(request.GET, queryset=commission_list.list_commissions(affiliate, now))
    page = commission_list.get_page(filters.qs, request.GET.get("after", ""))
    agreement = get_applicable_version(affiliate.pk, at=now)[0]
    context = {
        "filter": filters,
        "table": CommissionTable(page.rows, load_category_names(), is_filtered=_is_filtered(filters)),
        "older": page.next_cursor,
        "after": request.GET.get("after", ""),
        "agreement": agreement,
        "tax_clause": get_clause_number(agreement.pk if agreement else None, Rule.BEFORE_TAX),
    }
    return render(request, "payouts/commissions.html", context)


def _is_filtered(filters: CommissionFilter) -> bool:
    return any(filters.form.cleaned_data.values()) if filters.form.is_valid() else filters.form.is_bound


@require_safe
@affiliate_view
def find_order(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Redirect to the order with the shop's number `order`.

    An order without a coupon or click of the affiliate is answered like one that does not exist.
    """
    number = request.GET.get("order", "").strip().removeprefix("#")
    if not number:
        return render(request, "payouts/find_order.html")
    if not order_page.is_lookup_allowed(affiliate_id=affiliate.pk, now=timezone.now()):
        return render(request, "payouts/find_order.html", {"number": number, "rate_limited": True}, status=429)
    lookup = find_order_by_number(affiliate, number)
    if lookup is None:
        return render(request, "payouts/find_order.html", {"number": number, "not_found": True}, status=404)
    return redirect("payouts:order", lookup.order.pk)


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
        "upcoming": upcoming if order_page.has_unpaid_lines(lines) else None,
    }
    return render(request, "payouts/order.html", context)
