"""An affiliate's commissions, and one order with each line's why."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates.access import affiliate_view
from affiliates.models import Affiliate
from agreements.clauses import clause_of
from agreements.rules import Rule
from agreements.under import agreement_of
from payouts.closing import payout_forecast
from payouts.filters import CommissionFilter
from payouts.reporting import commission_list, lookup_limit, order_page
from payouts.tables import CommissionTable
from tracking.orders import attribution_explanation
from tracking.orders.order_lookup import by_key, by_number


@affiliate_view
def commissions(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """The list, newest first; `after` names the last row of the page before."""
    now = timezone.now()
    found = CommissionFilter(request.GET, queryset=commission_list.of(affiliate, now))
    page = commission_list.page(found.qs, request.GET.get("after", ""))
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


@require_safe
@affiliate_view
def ask(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """To the page of the order with the shop's number `order`; one that names nothing of theirs answers like none."""
    number = request.GET.get("order", "").strip().removeprefix("#")
    if not number:
        return render(request, "payouts/ask.html")
    if not lookup_limit.may_ask(affiliate_id=affiliate.pk, now=timezone.now()):
        return render(request, "payouts/ask.html", {"number": number, "too_many": True}, status=429)
    asked = by_number(affiliate, number)
    if asked is None:
        return render(request, "payouts/ask.html", {"number": number, "nothing": True}, status=404)
    return redirect("payouts:order", asked.order.pk)


@affiliate_view
def order(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Why an order is the affiliate's, or is not, and what its lines earn; 404 for one that names nothing of theirs."""
    now, asked = timezone.now(), by_key(affiliate, pk)
    if asked is None:
        raise Http404
    upcoming = payout_forecast.of(affiliate, now) if asked.mine else None
    lines = order_page.lines(asked, upcoming, now)
    context = {
        "asked": asked,
        "order": asked.order,
        "because": attribution_explanation.answer(asked, settled=order_page.settled(asked.order)),
        "lines": lines,
        "upcoming": upcoming if order_page.unpaid(lines) else None,
    }
    return render(request, "payouts/order.html", context)
