"""The backtest of a version: its effect on past orders and on sales targets (specification 2)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.contrib import admin, messages
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.template.response import TemplateResponse
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django.views.decorators.http import require_safe

from agreements.category_names import load_category_names
from agreements.models import AgreementVersion
from compliance.targets.backtest import backtest_targets
from lib.errors import NotAllowed
from payouts.closing.threshold_backtest import backtest_threshold
from payouts.commissions.backtest import run_backtest

# {months: days}; days, so that a period always has the same length.
PERIODS = {"1": 30, "3": 91, "12": 365}
LIMITATIONS = gettext_lazy(
    "The backtest applies the version's rates, cap, attribution days and rate ceiling for the promotions of that time."
    " Orders that a promotion raised keep the promotion's rate if it is higher, so where promotions ran, the difference is"
    " smaller than that of the rates. What its payout threshold changes is shown below. Forfeited commissions are left out."
    " Different terms might also have led to different orders, which the backtest can't predict."
)


@require_safe
def show_backtest(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show a version, published or not, applied to the orders of the last 1, 3 or 12 months (30, 91 or 365 days)."""
    if not request.user.has_perm("agreements.change_agreementversion"):
        raise PermissionDenied
    version = get_object_or_404(AgreementVersion, pk=pk)
    months = request.GET.get("months", "3")
    now = timezone.now()
    try:
        results = _run_backtests(version, months, now)
    except (ValidationError, NotAllowed) as error:
        messages.error(request, " ".join(error.messages) if isinstance(error, ValidationError) else str(error))
        return HttpResponseRedirect(reverse("admin:agreements_agreementversion_change", args=[version.pk]))
    context = {
        **admin.site.each_context(request),
        "title": _("Backtest of version %s") % version.name,
        "agreement": version,
        "periods": [(key, _format_period(key), key == months) for key in PERIODS],
        "limitations": LIMITATIONS,
        "category_names": load_category_names(),
        **results,
    }
    return TemplateResponse(request, "admin/compliance/backtest.html", context)


def _run_backtests(version: AgreementVersion, months: str, now: datetime) -> dict[str, Any]:
    if months not in PERIODS:
        raise ValidationError({"months": _("Choose the last 1, 3 or 12 months.")})
    since = now - timedelta(days=PERIODS[months])
    return {
        "backtest": run_backtest(agreement=version, since=since, until=now),
        "threshold": backtest_threshold(agreement=version, since=since, until=now),
        "targets": backtest_targets(agreement=version, now=now),
    }


def _format_period(months: str) -> str:
    return ngettext("the last month", "the last %d months", int(months)) % (() if months == "1" else int(months))


backtest_page: Callable[..., HttpResponse] = admin.site.admin_view(show_backtest)
