"""An affiliate and the agreement: what they are under, what they accepted, what they are asked."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from affiliates.access import affiliate_view
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate, State
from agreements import accepting, asking, exporting
from agreements.clauses import clause_of
from agreements.errors import AlreadyAccepted
from agreements.forms import AcceptForm, box_label, button_label
from agreements.models import Acceptance, Agreement
from agreements.page_revision import page_revision
from agreements.rendering import sha256
from agreements.rules import Rule
from agreements.term_impact import TermImpact
from agreements.under import agreement_of
from agreements.views import accept_page
from lib.client_address import client_address
from payouts.commissions.term_impact import measure_impact
from payouts.commissions.unsettled_earnings import at_stake


@never_cache
@affiliate_view
@require_safe
def mine(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    now = timezone.now()
    current, under = agreement_of(affiliate.pk, at=now)
    rows = Acceptance.objects.for_affiliate(affiliate).select_related("agreement")
    accepted = list(rows.order_by("-agreement__effective_at", "-accepted_at"))
    befores = [one.agreement for one in accepted]
    context = {
        "affiliate": affiliate,
        "current": current,
        "paused_since": under.paused_since,
        "pause_clause": clause_of(current.pk, Rule.PAUSE_UNACCEPTED) if current else "",
        "asked": [(version, _means(affiliate, version, current)) for version in asking.asked(affiliate, at=now)],
        # With each, the one before among those that they accepted: what changed between is a page of its own.
        "accepted": [*zip(accepted, [*befores[1:], None], strict=False)],
        "followed": befores[0] if current and befores and current not in befores else None,
        "follows_clause": clause_of(current.pk, Rule.APPLICABLE_VERSION) if current else "",
        "upcoming": Agreement.objects.upcoming(now),
        "now": now,
    }
    return render(request, "agreements/mine.html", context)


def _means(affiliate: Affiliate, version: Agreement, current: Agreement | None) -> TermImpact | None:
    """What `version` means for them in money against what they had; None where there is nothing to compare."""
    if current is None or current == version:
        return None
    return measure_impact(agreement=version, affiliate_ids=[affiliate.pk], now=timezone.now()).get(affiliate.pk)


@never_cache
@affiliate_view
@require_http_methods(["GET", "HEAD", "POST"])
def accept(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    agreement = _published(pk)
    now = timezone.now()
    if elsewhere := _not_asked(request, affiliate, agreement):
        return elsewhere
    form = AcceptForm(agreement, request.POST or None)
    if request.method == "POST" and form.is_valid():
        try:
            accepting.accept(
                affiliate=affiliate, agreement=agreement, now=now, by=None, evidence=_evidence(request, agreement, form)
            )
        except (ValidationError, IllegalTransition) as refusal:
            messages.error(request, _why(refusal))
            return redirect(request.get_full_path())
        messages.success(request, _("You accepted version %s. Your copy is on its way by e-mail.") % agreement.name)
        return redirect("portal:home")
    current, _under = agreement_of(affiliate.pk, at=now)
    context = accept_page.context(request, agreement, current, form, _means(affiliate, agreement, current))
    return render(request, "agreements/accept.html", context)


def _published(pk: UUID) -> Agreement:
    return get_object_or_404(Agreement.objects.filter(published_at__isnull=False), pk=pk)


def _evidence(request: HttpRequest, agreement: Agreement, form: AcceptForm) -> accepting.Evidence:
    key = request.session.session_key
    return accepting.Evidence(
        box_ticked=form.cleaned_data["box"],
        text_sha256=form.cleaned_data["text_sha256"],
        language=form.cleaned_data["language"],
        box_label=box_label(agreement),
        button_label=button_label(),
        page_revision=page_revision(),
        address=client_address(request),
        user_agent=request.headers.get("User-Agent", ""),
        session=sha256(key) if key else "",
    )


def _not_asked(request: HttpRequest, affiliate: Affiliate, agreement: Agreement) -> HttpResponseRedirect | None:
    """Where to go instead, with the reason said, if `affiliate` is not asked for `agreement` now."""
    now = timezone.now()
    try:
        asking.check(affiliate, agreement, at=now)
    except AlreadyAccepted as refusal:
        messages.info(request, _why(refusal))
        return redirect("portal:agreement")
    except ValidationError as refusal:
        instead = asking.asked(affiliate, at=now)
        messages.warning(request, _why(refusal))
        return redirect("portal:agreement_accept", instead[0].pk) if instead else redirect("portal:agreement")
    return None


def _why(refusal: Exception) -> str:
    return " ".join(refusal.messages) if isinstance(refusal, ValidationError) else str(refusal)


@never_cache
@affiliate_view
@require_http_methods(["GET", "HEAD", "POST"])
def decline(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show what declining does, money first, and ask once more."""
    agreement = _published(pk)
    now = timezone.now()
    if elsewhere := _not_asked(request, affiliate, agreement):
        return elsewhere
    if request.method == "POST":
        try:
            accepting.decline(affiliate=affiliate, agreement=agreement, now=now, by=None)
        except (ValidationError, IllegalTransition) as refusal:
            messages.error(request, _why(refusal))
            return redirect("portal:agreement")
        messages.success(request, _("You declined version %s.") % agreement.name)
        return redirect("portal:agreement")
    current, _under = agreement_of(affiliate.pk, at=now)
    rules = {
        "leaving": Rule.LEAVING,
        "final": Rule.FINAL_CLOSE,
        "minimum": Rule.PAYOUT_MINIMUM,
        "decline": Rule.DECLINE,
    }
    context = {
        "agreement": agreement,
        "named": current or agreement,
        "ends_at": accepting.leaving_until(affiliate, agreement, at=now),
        "took_part": affiliate.state != State.APPROVED,
        "at_stake": at_stake(affiliate),
        "clauses": {name: clause_of((current or agreement).pk, rule) for name, rule in rules.items()},
    }
    return render(request, "agreements/decline.html", context)


@never_cache
@affiliate_view
@require_safe
def evidence(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """The affiliate's own acceptance as a ZIP that proves itself."""
    acceptance = get_object_or_404(Acceptance.objects.for_affiliate(affiliate).select_related("agreement"), pk=pk)
    name = exporting.file_name(acceptance)
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(exporting.export(acceptance), content_type="application/zip", headers=headers)
