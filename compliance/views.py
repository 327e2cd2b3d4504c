"""An affiliate's reviews, and the page on which anybody reports abuse."""

from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.forms import Form
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.http import require_GET, require_POST

from affiliates.access import affiliate_view
from affiliates.models import Affiliate
from compliance.forms import AbuseReportForm, AppealForm, ReplyForm
from compliance.models import Review, ReviewFile
from compliance.reviews import appeals, replies, review_page
from compliance.reviews.evidence_files import build_download_response
from compliance.signals import abuse_reports
from compliance.tables import ReviewTable
from lib.client_address import get_client_address
from lib.errors import NotAllowed


@require_GET
@affiliate_view
def review_list(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """All reviews of the affiliate, newest first."""
    rows = Review.objects.for_affiliate(affiliate).select_related("agreement")
    return render(request, "compliance/reviews.html", {"table": ReviewTable(rows, orderable=False)})


@require_GET
@affiliate_view
def review(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """One review as a timeline; 404 for another's, as for none."""
    return _render_review(request, _get_own_review(affiliate, pk), ReplyForm(), AppealForm())


@require_POST
@affiliate_view
def reply(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Answer a review with text and files."""
    found, form = _get_own_review(affiliate, pk), ReplyForm(request.POST, request.FILES)
    if form.is_valid():
        try:
            replies.reply(
                review=found,
                text=form.cleaned_data["text"],
                files=form.contents,
                now=timezone.now(),
                by=affiliate.user,
            )
        except (ValidationError, NotAllowed) as refusal:
            _add_errors(form, refusal)
        else:
            messages.success(request, _("Your reply is stored, and staff see it."))
            return redirect("compliance:review", pk)
    return _render_review(request, found, form, AppealForm(), status=422)


@require_POST
@affiliate_view
def appeal(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Appeal against a decision."""
    found, form = _get_own_review(affiliate, pk), AppealForm(request.POST)
    if form.is_valid():
        try:
            appeals.appeal(review=found, text=form.cleaned_data["text"], now=timezone.now(), by=affiliate.user)
        except (ValidationError, NotAllowed) as refusal:
            _add_errors(form, refusal)
        else:
            messages.success(request, _("Your appeal is stored. Somebody else will decide it."))
            return redirect("compliance:review", pk)
    return _render_review(request, found, ReplyForm(), form, status=422)


@require_GET
@affiliate_view
def review_file(request: HttpRequest, affiliate: Affiliate, pk: UUID, file_pk: UUID) -> HttpResponse:
    """A file of a reply, as a download; 404 for another's, as for none."""
    own = ReviewFile.objects.filter(event__review=_get_own_review(affiliate, pk), event__private=False)
    return build_download_response(get_object_or_404(own, pk=file_pk))


def report_abuse(request: HttpRequest) -> HttpResponse:
    """Anybody tells staff about an affiliate's promotion; a few reports an hour from one network."""
    form = AbuseReportForm(request.POST or None)
    status = 200
    if form.is_bound and form.is_valid():
        now = timezone.now()
        if abuse_reports.is_report_allowed(address=get_client_address(request), now=now):
            abuse_reports.submit_report(**form.cleaned_data, now=now)
            messages.success(request, _("Thank you. Staff will look into it."))
            return redirect("compliance:report_abuse")
        form.add_error(None, _("Many reports have come from your network. Please try again in an hour."))
        status = 429
    elif form.is_bound:
        status = 422
    return render(request, "compliance/report_abuse.html", {"form": form}, status=status)


def _get_own_review(affiliate: Affiliate, pk: UUID) -> Review:
    return get_object_or_404(
        Review.objects.for_affiliate(affiliate).select_related("agreement", "affiliate__user"), pk=pk
    )


def _add_errors(form: Form, refusal: ValidationError | NotAllowed) -> None:
    if isinstance(refusal, ValidationError):
        known = hasattr(refusal, "error_dict") and set(refusal.error_dict) <= set(form.fields)
        form.add_error(None, refusal if known or not hasattr(refusal, "error_dict") else refusal.messages)
    else:
        form.add_error(None, str(refusal))


def _render_review(
    request: HttpRequest, found: Review, reply_form: ReplyForm, appeal_form: AppealForm, status: int = 200
) -> HttpResponse:
    found.refresh_from_db()
    context = {
        "page": review_page.build_review_page(found, now=timezone.now()),
        "review": found,
        "reply_form": reply_form,
        "appeal_form": appeal_form,
    }
    return render(request, "compliance/review.html", context, status=status)
