"""An affiliate's commissions, and one order with each line's why."""

from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.utils import timezone

from affiliates.access import affiliate_view
from affiliates.models import Affiliate
from agreements.clauses import clause_of
from agreements.rules import Rule
from agreements.under import agreement_of
from payouts import commission_lists, orders
from payouts.filters import CommissionFilter
from payouts.tables import CommissionTable


@affiliate_view
def commissions(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """The list, newest first; `after` names the last row of the page before."""
    now = timezone.now()
    found = CommissionFilter(request.GET, queryset=commission_lists.of(affiliate, now))
    page = commission_lists.page(found.qs, request.GET.get("after", ""))
    agreement = agreement_of(affiliate.pk, at=now)[0]
    context = {
        "filter": found,
        "table": CommissionTable(page.rows, orderable=False),
        "older": page.older,
        "after": request.GET.get("after", ""),
        "agreement": agreement,
        "tax_clause": clause_of(agreement.pk if agreement else None, Rule.BEFORE_TAX),
    }
    return render(request, "payouts/commissions.html", context)


@affiliate_view
def order(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """One order of the affiliate: 404 for another's, as for none."""
    row = get_object_or_404(orders.visible(affiliate), pk=pk)
    context = {
        "order": row,
        "lines": orders.lines(row, affiliate, timezone.now()),
        "mine": row.affiliate_id is not None,
        "frozen": orders.frozen_by(row),
    }
    return render(request, "payouts/order.html", context)
