"""What staff read of a version before it is published: the page that affiliates will see, and what changes (CONTRACT 2)."""

from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.utils.translation import gettext as _

from agreements import changes
from agreements.errors import UnresolvedPlaceholder
from agreements.forms import AcceptForm
from agreements.models import Agreement
from agreements.views import accept_page, language


def preview(request: HttpRequest, agreement: Agreement) -> HttpResponse:
    """The very page that an affiliate under the version before will see, with buttons that do nothing; wide or on a phone."""
    if request.GET.get("as") == "phone":
        return _with_policy(
            render(request, "agreements/phone.html", {"agreement": agreement}), {"frame-src": ["'self'"]}
        )
    framed = request.GET.get("as") == "frame"
    try:
        context = accept_page.context(request, agreement, changes.predecessor(agreement), AcceptForm(agreement))
    except UnresolvedPlaceholder as problem:
        return _back(request, agreement, problem)
    response = render(request, "agreements/accept.html", context | {"preview": True, "framed": framed})
    if framed:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        _with_policy(response, {"frame-ancestors": ["'self'"]})
    return response


def _with_policy(response: HttpResponse, policy: dict[str, Any]) -> HttpResponse:
    """Loosen the content policy by what a frame of our own page needs; portal.middleware joins it with the admin's."""
    response._csp_replace = policy  # type: ignore[attr-defined]  # read by django-csp
    return response


def differences(request: HttpRequest, agreement: Agreement) -> HttpResponse:
    """Against the version before, or against any earlier one."""
    earlier = Agreement.objects.published().exclude(pk=agreement.pk).order_by("-effective_at")
    if agreement.effective_at:
        earlier = earlier.filter(effective_at__lt=agreement.effective_at)
    since = next((v for v in earlier if str(v.pk) == request.GET.get("since")), changes.predecessor(agreement))
    chosen = language.for_page(request, agreement)
    try:
        changed = changes.of(agreement, since, chosen) if since else None
    except UnresolvedPlaceholder as problem:
        return _back(request, agreement, problem)
    context = language.context(agreement, chosen) | {
        "agreement": agreement,
        "since": since,
        "changed": changed,
        "earlier": earlier,
        "base": reverse("admin:agreements_agreement_preview", args=[agreement.pk]),
        "for_staff": True,
    }
    return render(request, "agreements/changes.html", context)


def _back(request: HttpRequest, agreement: Agreement, problem: UnresolvedPlaceholder) -> HttpResponse:
    messages.error(request, _("It has no text yet: %s") % " ".join(problem.messages))
    return HttpResponseRedirect(reverse("admin:agreements_agreement_change", args=[agreement.pk]))
