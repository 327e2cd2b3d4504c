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
from agreements.models import AgreementVersion
from agreements.views import accept_page, language


def render_preview(request: HttpRequest, agreement: AgreementVersion) -> HttpResponse:
    """The very page that an affiliate under the version before will see, with buttons that do nothing; wide or on a phone."""
    if request.GET.get("as") == "phone":
        return _relax_csp(render(request, "agreements/phone.html", {"agreement": agreement}), {"frame-src": ["'self'"]})
    framed = request.GET.get("as") == "frame"
    try:
        context = accept_page.build_context(
            request, agreement, changes.get_predecessor(agreement), AcceptForm(agreement)
        )
    except UnresolvedPlaceholder as problem:
        return _redirect_to_version(request, agreement, problem)
    response = render(request, "agreements/accept.html", context | {"preview": True, "framed": framed})
    if framed:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        _relax_csp(response, {"frame-ancestors": ["'self'"]})
    return response


def _relax_csp(response: HttpResponse, policy: dict[str, Any]) -> HttpResponse:
    """Loosen the content policy by what a frame of our own page needs; portal.middleware joins it with the admin's."""
    response._csp_replace = policy  # type: ignore[attr-defined]  # read by django-csp
    return response


def render_differences(request: HttpRequest, agreement: AgreementVersion) -> HttpResponse:
    """Against the version before, or against any earlier one."""
    earlier = AgreementVersion.objects.published().exclude(pk=agreement.pk).order_by("-effective_at")
    if agreement.effective_at:
        earlier = earlier.filter(effective_at__lt=agreement.effective_at)
    since = next((v for v in earlier if str(v.pk) == request.GET.get("since")), changes.get_predecessor(agreement))
    chosen = language.resolve_page_language(request, agreement)
    try:
        changed = changes.compare_versions(agreement, since, chosen) if since else None
    except UnresolvedPlaceholder as problem:
        return _redirect_to_version(request, agreement, problem)
    context = language.build_context(agreement, chosen) | {
        "agreement": agreement,
        "since": since,
        "changed": changed,
        "earlier": earlier,
        "base": reverse("admin:agreements_agreementversion_preview", args=[agreement.pk]),
        "for_staff": True,
    }
    return render(request, "agreements/changes.html", context)


def _redirect_to_version(
    request: HttpRequest, agreement: AgreementVersion, problem: UnresolvedPlaceholder
) -> HttpResponse:
    messages.error(request, _("It has no text yet: %s") % " ".join(problem.messages))
    return HttpResponseRedirect(reverse("admin:agreements_agreementversion_change", args=[agreement.pk]))
