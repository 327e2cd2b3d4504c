"""The agreement as anybody may read it: the version in force, and every version at an address that stays."""

from uuid import UUID

from django.db.models import Prefetch
from django.http import Http404, HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_safe

from agreements import changes, pdf, publication, reading
from agreements.models import Agreement, AgreementText
from agreements.views import language


def _published(pk: UUID) -> Agreement:
    """A version that was ever published, with one that was withdrawn since; a draft is nobody's to see here."""
    rows = Agreement.objects.filter(published_at__isnull=False).select_related("withdrawal")
    return get_object_or_404(rows, pk=pk)


def _in_force() -> Agreement | None:
    return Agreement.objects.in_force(timezone.now())


def _text(agreement: Agreement, chosen: str) -> AgreementText:
    return get_object_or_404(AgreementText.objects.select_related("agreement"), agreement=agreement, language=chosen)


def _page(request: HttpRequest, agreement: Agreement) -> HttpResponse:
    now = timezone.now()
    chosen = language.for_page(request, agreement)
    context = language.context(agreement, chosen) | {
        "agreement": agreement,
        "document": reading.document_of(agreement, chosen),
        "text": _text(agreement, chosen),
        "in_force": Agreement.objects.in_force(now),
        "withdrawal": getattr(agreement, "withdrawal", None),
        "upcoming": Agreement.objects.upcoming(now),
        "predecessor": changes.predecessor(agreement),
        "now": now,
    }
    return render(request, "agreements/version.html", context)


@require_safe
def current(request: HttpRequest) -> HttpResponse:
    agreement = _in_force()
    if agreement is None:
        upcoming = Agreement.objects.upcoming(timezone.now())
        return render(request, "agreements/none_yet.html", {"upcoming": upcoming})
    return _page(request, agreement)


@require_safe
def version(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _page(request, _published(pk))


@require_safe
def versions(request: HttpRequest) -> HttpResponse:
    now = timezone.now()
    rows = Agreement.objects.filter(published_at__isnull=False).select_related("withdrawal")
    rows = rows.prefetch_related(Prefetch("texts", AgreementText.objects.order_by("language")))
    context = {"versions": rows.order_by("-number"), "in_force": Agreement.objects.in_force(now), "now": now}
    return render(request, "agreements/versions.html", context)


def _earlier(agreement: Agreement, named: str) -> Agreement:
    """The version that `named` is the id of, if it took effect before `agreement`; 404 for any other."""
    try:
        since = _published(UUID(named))
    except ValueError:
        raise Http404 from None
    assert since.effective_at is not None
    assert agreement.effective_at is not None
    if since.effective_at >= agreement.effective_at:
        raise Http404
    return since


@require_safe
def version_changes(request: HttpRequest, pk: UUID) -> HttpResponse:
    """What changed in a version, against the one before or against the one that ?since= names."""
    agreement = _published(pk)
    since = _earlier(agreement, named) if (named := request.GET.get("since")) else changes.predecessor(agreement)
    chosen = language.for_page(request, agreement)
    changed = changes.of(agreement, since, chosen) if since else None
    earlier = Agreement.objects.published().filter(effective_at__lt=agreement.effective_at)
    base = reverse("agreements:version", args=[agreement.pk])
    facts = {"agreement": agreement, "since": since, "changed": changed, "earlier": earlier, "base": base}
    context = language.context(agreement, chosen) | facts
    return render(request, "agreements/changes.html", context)


def _file(request: HttpRequest, agreement: Agreement) -> AgreementText:
    return _text(agreement, language.for_file(request, agreement))


def _pdf(text: AgreementText) -> HttpResponse:
    name = pdf.file_name(text)
    return HttpResponse(
        pdf.of_text(text.pk),
        content_type="application/pdf",
        headers={"Content-Disposition": f'inline; filename="{name}"'},
    )


@require_safe
def current_pdf(request: HttpRequest) -> HttpResponse:
    agreement = _in_force()
    if agreement is None:
        raise Http404
    return _pdf(_file(request, agreement))


@require_safe
def version_pdf(request: HttpRequest, pk: UUID) -> HttpResponse:
    return _pdf(_file(request, _published(pk)))


@require_safe
def version_text(request: HttpRequest, pk: UUID) -> HttpResponse:
    """The exact text, byte for byte: its SHA-256 is the one that acceptances name."""
    text = _file(request, _published(pk))
    return HttpResponse(text.text.encode(), content_type="text/plain; charset=utf-8")


def _terms(request: HttpRequest, agreement: Agreement) -> JsonResponse:
    terms = publication.terms(agreement, _file(request, agreement))
    return JsonResponse(terms, json_dumps_params={"indent": 2, "ensure_ascii": False})


@require_safe
def terms_json(request: HttpRequest) -> JsonResponse:
    agreement = _in_force()
    if agreement is None:
        error = {"code": "not_found", "message": _("No agreement is in force yet."), "field": None}
        return JsonResponse({"error": error}, status=404)
    return _terms(request, agreement)


@require_safe
def version_terms(request: HttpRequest, pk: UUID) -> JsonResponse:
    return _terms(request, _published(pk))
