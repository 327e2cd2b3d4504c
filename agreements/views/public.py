"""Public pages of the agreement: the version in force, and every version at a permanent URL."""

from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agreements import changes, pdf, publication, version_documents
from agreements.models import AgreementText, AgreementVersion
from agreements.views import language


def _get_published_version(pk: UUID) -> AgreementVersion:
    """Return a version that was published, even if it was withdrawn since; drafts are 404."""
    rows = AgreementVersion.objects.filter(published_at__isnull=False).select_related("withdrawal")
    return get_object_or_404(rows, pk=pk)


def _get_version_in_force() -> AgreementVersion | None:
    return AgreementVersion.objects.get_in_force(timezone.now())


def _get_text(version: AgreementVersion, chosen: str) -> AgreementText:
    return get_object_or_404(AgreementText.objects.select_related("agreement"), agreement=version, language=chosen)


def _render_version(request: HttpRequest, version: AgreementVersion) -> HttpResponse:
    now = timezone.now()
    chosen = language.resolve_page_language(request, version)
    context = language.build_context(version, chosen) | {
        "agreement": version,
        "document": version_documents.get_document(version, chosen),
        "text": _get_text(version, chosen),
        "in_force": AgreementVersion.objects.get_in_force(now),
        "withdrawal": getattr(version, "withdrawal", None),
        "upcoming": AgreementVersion.objects.upcoming(now),
        "predecessor": changes.get_predecessor(version),
        "now": now,
    }
    return render(request, "agreements/version.html", context)


@require_safe
def current(request: HttpRequest) -> HttpResponse:
    version = _get_version_in_force()
    if version is None:
        upcoming = AgreementVersion.objects.upcoming(timezone.now())
        return render(request, "agreements/not_published.html", {"upcoming": upcoming})
    return _render_version(request, version)


@require_safe
def version(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _render_version(request, _get_published_version(pk))


@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    rows = AgreementVersion.objects.filter(published_at__isnull=False).select_related("withdrawal")
    rows = rows.prefetch_related(Prefetch("texts", AgreementText.objects.order_by("language")))
    context = {"versions": rows.order_by("-number"), "in_force": AgreementVersion.objects.get_in_force(now), "now": now}
    return render(request, "agreements/versions.html", context)


def _get_earlier_version(version: AgreementVersion, version_id: str) -> AgreementVersion:
    """Return the version with the id `version_id` if it took effect before `version`; 404 otherwise."""
    try:
        since = _get_published_version(UUID(version_id))
    except ValueError:
        raise Http404 from None
    assert since.effective_at is not None
    assert version.effective_at is not None
    if since.effective_at >= version.effective_at:
        raise Http404
    return since


@require_safe
def version_changes(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Show the changes in a version from the previous one, or from the earlier one that `?since=` names."""
    version = _get_published_version(pk)
    since_id = request.GET.get("since")
    since = _get_earlier_version(version, since_id) if since_id else changes.get_predecessor(version)
    chosen = language.resolve_page_language(request, version)
    changed = changes.compare_versions(version, since, chosen) if since else None
    earlier = AgreementVersion.objects.published().filter(effective_at__lt=version.effective_at)
    base = reverse("agreements:version", args=[version.pk])
    context = language.build_context(version, chosen) | {
        "agreement": version,
        "since": since,
        "changed": changed,
        "earlier": earlier,
        "base": base,
    }
    return render(request, "agreements/changes.html", context)


def _get_requested_text(request: HttpRequest, version: AgreementVersion) -> AgreementText:
    return _get_text(version, language.resolve_file_language(request, version))


def _build_pdf_response(text: AgreementText) -> HttpResponse:
    name = pdf.build_file_name(text)
    return HttpResponse(
        pdf.render_text(text.pk),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@require_safe
def current_pdf(request: HttpRequest) -> HttpResponse:
    version = _get_version_in_force()
    if version is None:
        raise Http404
    return _build_pdf_response(_get_requested_text(request, version))


@require_safe
def version_pdf(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _build_pdf_response(_get_requested_text(request, _get_published_version(pk)))


@require_safe
def version_text(request: HttpRequest, pk: UUID) -> HttpResponse:
    """Return the exact text, byte for byte, whose SHA-256 is in the acceptances."""
    text = _get_requested_text(request, _get_published_version(pk))
    return HttpResponse(text.text.encode(), content_type="text/plain; charset=utf-8")


def _build_terms_response(request: HttpRequest, version: AgreementVersion) -> JsonResponse:
    terms = publication.serialize_version(version, _get_requested_text(request, version))
    return JsonResponse(terms, json_dumps_params={"indent": 2, "ensure_ascii": False})


@require_safe
def terms_json(request: HttpRequest) -> JsonResponse:
    version = _get_version_in_force()
    if version is None:
        error = {"code": "not_found", "message": _("No agreement is in force yet."), "field": None}
        return JsonResponse({"error": error}, status=404)
    return _build_terms_response(request, version)


@require_safe
def version_terms(request: HttpRequest, pk: UUID) -> JsonResponse:
    return _build_terms_response(request, _get_published_version(pk))
