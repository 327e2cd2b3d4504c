"""Preview a version as affiliates will see it, and compare it with earlier versions (specification 2)."""

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
    """Show the page that an affiliate of the previous version will see, with inactive buttons; `?as=phone` in a phone frame."""
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
    """Relax the content security policy for a frame of our own page; portal.middleware merges it with the admin's."""
    response._csp_replace = policy  # type: ignore[attr-defined]  # read by django-csp
    return response


def render_differences(request: HttpRequest, agreement: AgreementVersion) -> HttpResponse:
    """Show the changes from the previous version, or from the earlier one that `?since=` names."""
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
    messages.error(request, _("The version can't be rendered yet: %s") % " ".join(problem.messages))
    return HttpResponseRedirect(reverse("admin:agreements_agreementversion_change", args=[agreement.pk]))
