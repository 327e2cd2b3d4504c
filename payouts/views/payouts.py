"""Pages of an affiliate's payouts and payout details."""

from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.debug import sensitive_post_parameters
from django.views.decorators.http import require_POST, require_safe
from django_tables2 import RequestConfig

from accounts.authentication import has_second_factor, require_reauthentication
from affiliates.access import affiliate_view
from affiliates.downloads import limits_downloads
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule
from lib.csv_downloads import stream_csv_response
from lib.errors import NotAllowed
from payouts.closing import payout_delay, payout_history, payout_periods
from payouts.closing.payout_eligibility import get_payout_facts
from payouts.closing.payout_forecast import get_payout_forecast
from payouts.forms import DetailsForm
from payouts.models import Payout, PayoutDetails
from payouts.payout_details import details
from payouts.tables import PayoutTable


@affiliate_view
def index(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the affiliate's payouts, newest first, and their balance."""
    now = timezone.now()
    row = details.get_current_details(affiliate, now)
    # At most a few a month: one query for the list, its length, its periods and the last one.
    rows = Payout.objects.for_affiliate(affiliate).select_related(*PayoutTable.RELATED).with_outdated()
    payouts = list(rows.order_by("-created_at", "-pk"))
    is_any_outdated = any(payout.is_outdated for payout in payouts)
    forecast = get_payout_forecast(affiliate, now) if is_any_outdated else None
    table = PayoutTable(payouts, orderable=False, forecast=forecast)
    RequestConfig(request, paginate={"per_page": 24}).configure(table)
    context = {
        "table": table,
        "balance": -get_payout_facts(affiliate, now).payable_sum,
        "details": row,
        "came_back": _find_unanswered_return(affiliate),
        "last_days": payout_history.count_days_of_last(payouts),
        "periods": payout_periods.list_periods(payouts),
        **_describe_hold(affiliate, row, now),
    }
    return render(request, "payouts/payouts.html", context)


@require_safe
@affiliate_view
@limits_downloads
def download_period(request: HttpRequest, affiliate: Affiliate) -> HttpResponseBase:
    """Return the payouts of the quarter or year `period` as a CSV file."""
    rows = payout_periods.list_payouts(affiliate)
    periods = {period.code: period for period in payout_periods.list_periods(rows)}
    period = periods.get(request.GET.get("period", ""))
    if period is None:
        messages.error(request, _("Choose a period in which a payout was sent, paid or came back."))
        return redirect("payouts:payouts")
    name = f"payouts-{affiliate.code}-{period.code}.csv"
    return stream_csv_response(name, payout_periods.COLUMNS, payout_periods.iter_rows(rows, period))


def _find_unanswered_return(affiliate: Affiliate) -> Payout | None:
    return Payout.objects.for_affiliate(affiliate).unanswered().select_related("details").first()


@affiliate_view
def current_details(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Show the masked payout details and their hold after a change."""
    now = timezone.now()
    rows = list(affiliate.payout_details.all()[:11])
    row = rows[0] if rows else None
    outdated = [payout for payout in payout_delay.list_payouts_under_way(affiliate) if payout.is_outdated]
    context = {
        "details": row,
        "confirmed_by": details.describe_confirmation(row) if row else "",
        "came_back": _find_unanswered_return(affiliate),
        **_describe_hold(affiliate, row, now),
        "outdated": outdated,
        "outdated_because": payout_delay.explain_outdated(get_payout_forecast(affiliate, now)) if outdated else "",
        "earlier": rows[1:],
    }
    return render(request, "payouts/details.html", context)


@require_POST
@affiliate_view
def confirm_details(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Confirm the payout details `pk` after a payout to them came back."""
    get_object_or_404(affiliate.payout_details, pk=pk)
    try:
        details.confirm_details(affiliate=affiliate, details_id=pk, now=timezone.now())
    except NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("Payout details confirmed. Payouts go to this account as before."))
    return redirect("payouts:details")


def _describe_hold(affiliate: Affiliate, row: PayoutDetails | None, now: datetime) -> dict[str, Any]:
    """Return until when payouts to the details `row` are held, by which clause, and which close can pay to them."""
    agreement = _get_applicable_version(affiliate, now)
    email_hold_ends_at = get_payout_facts(affiliate, now).email_hold_ends_at
    usable_from = row.get_usable_from(details.get_hold_days(agreement, now)) if row else None
    is_held = usable_from is not None and usable_from > now
    end = max(filter(None, (email_hold_ends_at, usable_from if is_held else None)), default=None)
    return {
        "usable_from": usable_from,
        "held": is_held,
        "email_hold_ends_at": email_hold_ends_at,
        "agreement": agreement,
        "clause": get_clause_number(agreement.pk if agreement else None, Rule.PAYOUT_DETAILS_HOLD_DAYS),
        "delay": payout_delay.find_delay(get_payout_forecast(affiliate, now), end) if end else None,
    }


def _get_applicable_version(affiliate: Affiliate, now: datetime) -> AgreementVersion | None:
    """Return the applicable version, else the one in force, whose hold applies."""
    return get_applicable_version(affiliate.pk, at=now)[0] or AgreementVersion.objects.get_in_force(now)


def _describe_change(*, is_first: bool) -> str:
    if is_first:
        return _("Payout details added. We sent you an e-mail about it.")
    return _("Payout details changed. We sent you an e-mail about it.")


def _get_initial_data(affiliate: Affiliate, current: PayoutDetails | None) -> dict[str, str]:
    """Return method, country and holder of the present details; the account has to be entered again."""
    country = current.country.code if current and current.country else affiliate.country.code
    present = {"method": current.method} if current else {}
    return present | {"holder": current.holder if current else affiliate.name, "country": country}


@sensitive_post_parameters("account", "bank_code", "holder")
@affiliate_view
@require_reauthentication
def change_details(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Change the payout details, after the password or second factor was entered again (specification 6)."""
    now = timezone.now()
    current = details.get_current_details(affiliate, now)
    form = DetailsForm(request.POST or None, initial=_get_initial_data(affiliate, current))
    is_first = current is None
    if form.is_bound and form.is_valid():
        try:
            details.change_details(affiliate=affiliate, now=now, by=affiliate.user, **form.cleaned_data)
        except ValidationError as refusal:
            form.add_error(None, refusal)
        else:
            messages.success(request, _describe_change(is_first=is_first))
            return redirect("payouts:details")
    agreement, forecast = _get_applicable_version(affiliate, now), get_payout_forecast(affiliate, now)
    days = details.get_hold_days(agreement, now)
    context = {
        "form": form,
        "is_first": is_first,
        "offers_second_factor": not has_second_factor(affiliate.user),
        "agreement": agreement,
        "days": days,
        "delay": payout_delay.find_delay(forecast, now + timedelta(days=days)),
        "present": current,
        "under_way": payout_delay.list_payouts_under_way(affiliate),
        "outdated_because": payout_delay.explain_outdated(forecast),
        "clause": get_clause_number(agreement.pk if agreement else None, Rule.PAYOUT_DETAILS_HOLD_DAYS),
    }
    return render(request, "payouts/change_details.html", context)
