"""An affiliate's account: profile, notifications, security, data and leaving (specification 9 and 10)."""

import tempfile
from datetime import datetime
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import FileResponse, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST

from accounts.authentication import has_second_factor
from affiliates import profile as affiliate_profile
from affiliates.access import affiliate_view
from affiliates.downloads import limits_downloads
from affiliates.models import Affiliate
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule
from compliance.offboarding import termination
from lib.errors import NotAllowed
from lib.money import ZERO
from lib.typed import reauthentication_required
from mail.unsubscription import OPTIONAL_KINDS
from payouts.closing import leaving_forecast, payout_delay
from payouts.models import Payout
from portal import data_archive, erasure, frame, notification_settings
from portal.forms import ErasureForm, LeaveForm, NotificationsForm, ProfileForm
from portal.models import ErasureRequest
from portal.views.public import show_errors


@affiliate_view
def profile(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    fields = ("name", "country", "time_zone", "language")
    initial = {field: getattr(affiliate, field) for field in fields}
    form = ProfileForm(request.POST or None, initial=initial)
    if request.method == "POST" and form.is_valid():
        try:
            affiliate_profile.update_profile(
                affiliate=affiliate, **form.cleaned_data, now=timezone.now(), by=affiliate.user
            )
        except ValidationError as error:
            show_errors(form, error)
        else:
            messages.success(request, _("Profile saved."))
            return redirect("portal:profile")
    return render(request, "portal/profile.html", {"affiliate": affiliate, "form": form})


@affiliate_view
def notifications(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    form = NotificationsForm(request.POST) if request.method == "POST" else NotificationsForm.for_affiliate(affiliate)
    if form.is_bound and form.is_valid():
        muted = [kind for kind in OPTIONAL_KINDS if kind not in form.cleaned_data["wanted"]]
        notification_settings.set_muted_emails(affiliate=affiliate, muted=muted, now=timezone.now(), by=affiliate.user)
        messages.success(request, _("E-mail choices saved."))
        return redirect("portal:notifications")
    return render(request, "portal/notifications.html", {"affiliate": affiliate, "form": form})


@login_required
def security(request: HttpRequest) -> HttpResponse:
    """Show password, e-mail address and two-step verification, to affiliates and staff."""
    return render(request, "portal/security.html", {"has_second_factor": has_second_factor(request.user)})


@affiliate_view
def my_data(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    page_frame = frame.get_frame(request)
    context = {
        "affiliate": affiliate,
        "agreement": page_frame.applicable_version or page_frame.agreement,
        "erasure_request": ErasureRequest.objects.filter(affiliate=affiliate).first(),
        "blockers": erasure.list_blockers(affiliate, timezone.now()),
        "form": ErasureForm(),
    }
    return render(request, "portal/my_data.html", context)


@never_cache
@require_POST
@affiliate_view
@reauthentication_required
@limits_downloads
def download_data(request: HttpRequest, affiliate: Affiliate) -> FileResponse:
    """Return the archive; the password is required again, in case a browser was left signed in."""
    file = tempfile.TemporaryFile()  # noqa: SIM115  # closed by the response
    data_archive.write_archive(
        file, affiliate=affiliate, now=timezone.now(), pdfs=data_archive.list_documents(affiliate)
    )
    file.seek(0)
    name = f"my-data-{affiliate.code}.zip"
    return FileResponse(file, as_attachment=True, filename=name, content_type="application/zip")


@require_POST
@affiliate_view
def request_erasure(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    form = ErasureForm(request.POST)
    if form.is_valid():
        erasure.request_erasure(affiliate=affiliate, now=timezone.now(), by=affiliate.user)
        messages.success(request, _("Deletion requested."))
    else:
        messages.error(request, _("Tick the box to confirm that you understand, then send the request again."))
    return redirect("portal:my_data")


@require_POST
@affiliate_view
def withdraw_erasure(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    if erasure.withdraw_request(affiliate=affiliate, now=timezone.now(), by=affiliate.user):
        messages.success(request, _("Request withdrawn. We keep your data."))
    else:
        messages.warning(request, _("There is no request to withdraw."))
    return redirect("portal:my_data")


@affiliate_view
def leave(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """Explain what leaving does to links and earnings, and ask for confirmation."""
    form = LeaveForm(request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            termination.leave_program(
                affiliate=affiliate, now=timezone.now(), by=affiliate.user, reason=form.cleaned_data["reason"]
            )
        except ValidationError as error:
            show_errors(form, error)
        except NotAllowed as error:
            messages.error(request, str(error))
        else:
            messages.success(request, _("You left the program. We have confirmed it by e-mail."))
            return redirect("portal:home")
    page_frame = frame.get_frame(request)
    agreement, now = page_frame.applicable_version or page_frame.agreement, page_frame.now
    can_leave = affiliate.state in termination.STATES_THAT_CAN_LEAVE
    context = {
        "affiliate": affiliate,
        "form": form,
        "can_leave": can_leave,
        **(_build_money_context(affiliate, now) if can_leave and agreement else {}),
        "agreement": agreement,
        "clauses": _list_leaving_clauses(agreement) if agreement else {},
    }
    return render(request, "portal/leave.html", context)


def _build_money_context(affiliate: Affiliate, now: datetime) -> dict[str, Any]:
    """Return what the closes pay after leaving, what they add to the balance, and the payouts under way."""
    ends_at = termination.compute_leaving_end(affiliate, now, now)
    leaving = leaving_forecast.forecast_leaving(affiliate, leaves_at=now, ends_at=ends_at, now=now)
    under_way = payout_delay.list_payouts_under_way(affiliate)
    in_all = sum((payout.amount for payout in under_way), ZERO)
    if leaving:
        in_all += leaving.next.expected + leaving.next.unsettled.pending
    return {
        "ends_at": ends_at,
        "leaving": leaving,
        "in_all": in_all,
        "under_way": under_way,
        "outdated_because": payout_delay.explain_outdated(leaving.next if leaving else None),
        "came_back": Payout.objects.for_affiliate(affiliate).unanswered().select_related("details").first(),
    }


def _list_leaving_clauses(agreement: AgreementVersion) -> dict[str, str]:
    rules = {"leaving": Rule.LEAVING, "active": Rule.ACTIVE_AFFILIATE, "final": Rule.FINAL_CLOSE}
    return {name: get_clause_number(agreement.pk, rule) for name, rule in rules.items()}


@require_POST
@affiliate_view
def take_back_leaving(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    try:
        with transaction.atomic():
            termination.take_back_leaving(affiliate=affiliate, now=timezone.now(), by=affiliate.user)
            erasure.withdraw_request(affiliate=affiliate, now=timezone.now(), by=affiliate.user)
    except NotAllowed as error:
        messages.error(request, str(error))
    else:
        messages.success(request, _("You stay in the program. We have confirmed it by e-mail."))
    return redirect("portal:home")
