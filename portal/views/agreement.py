"""The affiliate's agreement: the applicable version, past acceptances, and accepting or declining versions."""

from datetime import datetime
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db import transaction
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from affiliates.access import affiliate_view
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements import acceptance_requests, acceptances, declines, evidence_export
from agreements.applicable_version import get_applicable_version
from agreements.clauses import get_clause_number
from agreements.errors import AlreadyAccepted
from agreements.forms import AcceptForm, build_box_label, get_button_label
from agreements.models import Acceptance, AgreementVersion
from agreements.page_revision import compute_page_revision
from agreements.published_versions import list_published_versions
from agreements.rendering import compute_sha256
from agreements.rules import Rule
from agreements.term_impact import TermImpact
from agreements.views import accept_page
from compliance.offboarding import declined_versions
from lib.client_address import get_client_address
from lib.components import render_copy_field
from payouts.closing.leaving_forecast import forecast_leaving
from payouts.commissions.term_impact import measure_impact
from payouts.commissions.unsettled_earnings import get_unsettled_earnings
from payouts.models import PayoutHold
from tracking.links.ready_made_link import create_ready_made_link
from tracking.links.tracking_links import build_short_url
from tracking.models import Link


@never_cache
@affiliate_view
@require_safe
def overview(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    now = timezone.now()
    current, applicable = get_applicable_version(affiliate.pk, at=now)
    rows = Acceptance.objects.for_affiliate(affiliate).select_related("agreement")
    accepted = list(rows.order_by("-agreement__effective_at", "-accepted_at"))
    pending = declines.list_pending_declines(affiliate)
    accepted_versions = [acceptance.agreement for acceptance in accepted]
    context = {
        "affiliate": affiliate,
        "current": current,
        "paused_since": applicable.paused_since,
        "pause_clause": get_clause_number(current.pk, Rule.PAUSE_UNACCEPTED) if current else "",
        "requested": [
            (version, _estimate_impact(affiliate, version, current))
            for version in acceptance_requests.list_requested_versions(affiliate, at=now)
            if version.pk not in {decline.agreement_id for decline in pending}
        ],
        "pending_declines": pending,
        "decline_rule": Rule.DECLINE,
        # Each with the version accepted before it, to link to the changes between them.
        "accepted": [*zip(accepted, [*accepted_versions[1:], None], strict=False)],
        "accepted_version": (
            accepted_versions[0] if current and accepted_versions and current not in accepted_versions else None
        ),
        "applicable_clause": get_clause_number(current.pk, Rule.APPLICABLE_VERSION) if current else "",
        "upcoming": [one for one in list_published_versions() if one.effective_at and one.effective_at > now],
        "now": now,
    }
    return render(request, "agreements/overview.html", context)


def _estimate_impact(
    affiliate: Affiliate, version: AgreementVersion, current: AgreementVersion | None
) -> TermImpact | None:
    """Return the effect of `version` on the affiliate's earnings; None if there is nothing to compare."""
    if current is None or current == version:
        return None
    return measure_impact(agreement=version, affiliate_ids=[affiliate.pk], now=timezone.now()).get(affiliate.pk)


@never_cache
@affiliate_view
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    version = _get_published_version(pk)
    now = timezone.now()
    if response := _redirect_unless_requested(request, affiliate, version):
        return response
    form = AcceptForm(version, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            link = _accept(affiliate, version, _build_evidence(request, version, form), now)
        except (ValidationError, IllegalTransition) as error:
            messages.error(request, _format_error(error))
            return redirect(request.get_full_path())
        messages.success(request, _("You accepted version %s. We are sending you a copy by e-mail.") % version.name)
        if link is not None:
            messages.success(request, _format_ready_link(link))
        return redirect("portal:home")
    current, _applicable = get_applicable_version(affiliate.pk, at=now)
    context = accept_page.build_context(request, version, current, form, _estimate_impact(affiliate, version, current))
    return render(request, "agreements/accept.html", context)


@transaction.atomic
def _accept(
    affiliate: Affiliate, version: AgreementVersion, evidence: acceptances.Evidence, now: datetime
) -> Link | None:
    """Record the acceptance, and return the tracking link that is made ready after the first one."""
    acceptance = acceptances.accept_version(affiliate=affiliate, agreement=version, now=now, by=None, evidence=evidence)
    return create_ready_made_link(affiliate=acceptance.affiliate, now=now)


def _format_ready_link(link: Link) -> SafeString:
    return format_html(
        '{} {} <a href="{}">{}</a>',
        _("Your first tracking link is ready to be shared:"),
        render_copy_field(build_short_url(link), _("the link")),
        reverse("tracking:link", args=[link.pk]),
        _("Open its page"),
    )


def _get_published_version(pk: UUID) -> AgreementVersion:
    return get_object_or_404(AgreementVersion.objects.filter(published_at__isnull=False), pk=pk)


def _build_evidence(request: HttpRequest, version: AgreementVersion, form: AcceptForm) -> acceptances.Evidence:
    key = request.session.session_key
    return acceptances.Evidence(
        box_ticked=form.cleaned_data["box"],
        text_sha256=form.cleaned_data["text_sha256"],
        language=form.cleaned_data["language"],
        box_label=build_box_label(version),
        button_label=get_button_label(),
        page_revision=compute_page_revision(),
        address=get_client_address(request),
        user_agent=request.headers.get("User-Agent", ""),
        session=compute_sha256(key) if key else "",
    )


def _redirect_unless_requested(
    request: HttpRequest, affiliate: Affiliate, version: AgreementVersion
) -> HttpResponseRedirect | None:
    """Redirect with a message if `affiliate` is not asked to accept `version` now; None otherwise."""
    now = timezone.now()
    try:
        acceptance_requests.ensure_version_requested(affiliate, version, at=now)
    except AlreadyAccepted as error:
        messages.info(request, _format_error(error))
        return redirect("portal:agreement")
    except ValidationError as error:
        requested = acceptance_requests.list_requested_versions(affiliate, at=now)
        messages.warning(request, _format_error(error))
        return redirect("portal:agreement_accept", requested[0].pk) if requested else redirect("portal:agreement")
    return None


def _format_error(error: Exception) -> str:
    return " ".join(error.messages) if isinstance(error, ValidationError) else str(error)


@never_cache
@affiliate_view
@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show the consequences of declining, the affiliate's balance first, and ask for confirmation."""
    version = _get_published_version(pk)
    now = timezone.now()
    if response := _redirect_unless_requested(request, affiliate, version):
        return response
    if request.method == "POST":
        try:
            declined_versions.decline_version(affiliate=affiliate, agreement=version, now=now, by=affiliate.user)
        except (ValidationError, IllegalTransition) as error:
            messages.error(request, _format_error(error))
            return redirect("portal:agreement")
        messages.success(request, _("You declined version %s. We have confirmed it by e-mail.") % version.name)
        return redirect("portal:agreement")
    current, applicable = get_applicable_version(affiliate.pk, at=now)
    rules = {
        "leaving": Rule.LEAVING,
        "final": Rule.FINAL_CLOSE,
        "minimum": Rule.PAYOUT_MINIMUM,
        "decline": Rule.DECLINE,
    }
    takes_effect_at = version.effective_at if version.effective_at and version.effective_at > now else None
    ends_at = declined_versions.get_leaving_end(affiliate, version, now=now)
    context = {
        "agreement": version,
        "cited_version": current or version,
        "takes_effect_at": takes_effect_at,
        "ends_at": ends_at,
        "leaving": ends_at and forecast_leaving(affiliate, leaves_at=takes_effect_at or now, ends_at=ends_at, now=now),
        "has_taken_part": affiliate.state != State.APPROVED,
        "is_suspended": affiliate.state == State.SUSPENDED,
        "is_earning": affiliate.state == State.ACTIVE and not applicable.is_paused,
        "payouts_held": affiliate.state == State.SUSPENDED
        or PayoutHold.objects.active(now).filter(affiliate=affiliate).exists(),
        "earnings": get_unsettled_earnings(affiliate),
        "clauses": {name: get_clause_number((current or version).pk, rule) for name, rule in rules.items()},
    }
    return render(request, "agreements/decline.html", context)


@never_cache
@affiliate_view
@require_POST
def take_back_decline(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    version = _get_published_version(pk)
    pending = next((row for row in declines.list_pending_declines(affiliate) if row.agreement_id == version.pk), None)
    if pending is None:
        messages.warning(request, _("There is no decline of version %s to take back.") % version.name)
        return redirect("portal:agreement")
    try:
        declines.take_back_decline(decline=pending, now=timezone.now(), by=affiliate.user)
    except ValidationError as error:
        messages.error(request, _format_error(error))
    else:
        messages.success(request, _("You took back that you declined version %s.") % version.name)
    return redirect("portal:agreement")


@never_cache
@affiliate_view
@require_safe
def evidence(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Return one of the affiliate's acceptances as a ZIP with its evidence."""
    acceptance = get_object_or_404(Acceptance.objects.for_affiliate(affiliate).select_related("agreement"), pk=pk)
    name = evidence_export.build_file_name(acceptance)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(evidence_export.export_acceptance(acceptance), content_type="application/zip", headers=headers)
