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


def render_preview(request: HttpRequest, version: AgreementVersion) -> HttpResponse:
    """Show the page that affiliates will see, with inactive buttons; with `?as=phone` in a phone frame."""
    if request.GET.get("as") == "phone":
        return _relax_csp(render(request, "agreements/phone.html", {"agreement": version}), {"frame-src": ["'self'"]})
    framed = request.GET.get("as") == "frame"
    try:
        context = accept_page.build_context(request, version, changes.get_predecessor(version), AcceptForm(version))
    except UnresolvedPlaceholder as problem:
        return redirect_to_version(request, version, problem)
    response = render(request, "agreements/accept.html", context | {"preview": True, "framed": framed})
    if framed:
        response.headers["X-Frame-Options"] = "SAMEORIGIN"
        _relax_csp(response, {"frame-ancestors": ["'self'"]})
    return response


def _relax_csp(response: HttpResponse, policy: dict[str, Any]) -> HttpResponse:
    """Relax the content security policy for a frame of our own page; portal.middleware merges it with the admin's."""
    response._csp_replace = policy  # type: ignore[attr-defined]  # read by django-csp
    return response


def render_differences(request: HttpRequest, version: AgreementVersion) -> HttpResponse:
    """Show the changes from the previous version, or from the earlier one that `?since=` names."""
    earlier = AgreementVersion.objects.published().exclude(pk=version.pk).order_by("-effective_at")
    if version.effective_at:
        earlier = earlier.filter(effective_at__lt=version.effective_at)
    since = next((v for v in earlier if str(v.pk) == request.GET.get("since")), changes.get_predecessor(version))
    chosen = language.resolve_page_language(request, version)
    try:
        changed = changes.compare_versions(version, since, chosen) if since else None
    except UnresolvedPlaceholder as problem:
        return redirect_to_version(request, version, problem)
    context = language.build_context(version, chosen) | {
        "agreement": version,
        "since": since,
        "changed": changed,
        "earlier": earlier,
        "base": reverse("admin:agreements_agreementversion_preview", args=[version.pk]),
        "for_staff": True,
    }
    return render(request, "agreements/changes.html", context)


def redirect_to_version(
    request: HttpRequest, version: AgreementVersion, problem: UnresolvedPlaceholder
) -> HttpResponse:
    """Lead back from a page that needs the text of a draft, with what is wrong with it."""
    messages.error(request, _("The version can't be rendered yet: %s") % " ".join(problem.messages))
    return HttpResponseRedirect(reverse("admin:agreements_agreementversion_change", args=[version.pk]))
