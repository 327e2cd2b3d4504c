"""An affiliate's reports, as a page and as a file."""

from datetime import date
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from affiliates.access import affiliate_view
from affiliates.models import Affiliate
from agreements.periods import program_zone
from payouts.reporting import page
from payouts.reporting.asking import Question, ReportForm, question
from payouts.reporting.reports import By

SPLITS = tuple(by for by in By if by is not By.AFFILIATE)


@require_safe
@affiliate_view
def reports(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """What came of the affiliate's links and coupons in the last 30 days, or of what the address asks for."""
    zone = program_zone()
    form, asked = _asked(request, affiliate, zone)
    if asked is None:
        return _refused(request, form)
    shown = page.context(request, asked, zone, staff=False)
    return render(request, "payouts/reports.html", {"form": form} | shown)


@require_safe
@affiliate_view
def reports_csv(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """The same report as a CSV file."""
    zone = program_zone()
    form, asked = _asked(request, affiliate, zone)
    return page.as_csv(asked, zone) if asked else _refused(request, form)


def _asked(request: HttpRequest, affiliate: Affiliate, zone: ZoneInfo) -> tuple[ReportForm, Question | None]:
    today: date = timezone.localdate(timezone=zone)
    form = ReportForm(request.GET.dict(), today=today, splits=SPLITS)
    return form, question(form, affiliate)


def _refused(request: HttpRequest, form: ReportForm) -> HttpResponse:
    """The form with what is wrong with the address."""
    return render(request, "payouts/reports.html", {"form": form}, status=400)
