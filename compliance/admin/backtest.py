"""The rehearsal of a draft: what it would have meant for the orders and affiliates that there are (CONTRACT 2)."""

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

from agreements.models import AgreementVersion
from compliance.targets import backtest
from lib.errors import NotAllowed
from payouts.commissions import backtest as rehearsal

# Days, so that the time is the same length whenever it is asked for.
SPANS = {"1": 30, "3": 91, "12": 365}
LIMITATIONS = gettext_lazy(
    "It takes the version's rates, its cap, its attribution days and its ceiling for the promotions that ran then."
    " What a review forfeited is left out. It can't know which orders would have come, or not, under other terms."
)


@require_safe
def show_backtest(request: HttpRequest, pk: UUID) -> HttpResponse:
    """A version, published or not, over the orders of the last 1, 3 or 12 months (30, 91 or 365 days)."""
    if not request.user.has_perm("agreements.change_agreementversion"):
        raise PermissionDenied
    agreement = get_object_or_404(AgreementVersion, pk=pk)
    months = request.GET.get("months", "3")
    now = timezone.now()
    try:
        found = _run_backtest(agreement, months, now)
    except (ValidationError, NotAllowed) as refusal:
        messages.error(request, " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal))
        return HttpResponseRedirect(reverse("admin:agreements_agreementversion_change", args=[agreement.pk]))
    context = {
        **admin.site.each_context(request),
        "title": _("Rehearsal of version %s") % agreement.name,
        "agreement": agreement,
        "spans": [(key, _format_span(key), key == months) for key in SPANS],
        "limitations": LIMITATIONS,
        **found,
    }
    return TemplateResponse(request, "admin/compliance/backtest.html", context)


def _run_backtest(agreement: AgreementVersion, months: str, now: datetime) -> dict[str, Any]:
    if months not in SPANS:
        raise ValidationError({"months": _("A rehearsal is over the last 1, 3 or 12 months.")})
    since = now - timedelta(days=SPANS[months])
    return {
        "backtest": rehearsal.run_backtest(agreement=agreement, since=since, until=now),
        "targets": backtest.backtest_targets(agreement=agreement, now=now),
    }


def _format_span(months: str) -> str:
    return ngettext("the last month", "the last %d months", int(months)) % (() if months == "1" else int(months))


backtest_page: Callable[..., HttpResponse] = admin.site.admin_view(show_backtest)
