"""Review pages of an affiliate and the public abuse report form."""

from collections.abc import Callable
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
from agreements.category_names import load_category_names
from compliance.forms import AbuseReportForm, AnswerForm, AppealForm, ReplyForm
from compliance.models import Review, ReviewFile
from compliance.reviews import appeals, questions, replies, review_page
from compliance.reviews.evidence_files import build_download_response
from compliance.signals import abuse_reports
from compliance.tables import ReviewTable
from lib.client_address import get_client_address
from lib.errors import NotAllowed

_FORM_NAMES: dict[type[Form], str] = {ReplyForm: "reply_form", AnswerForm: "answer_form", AppealForm: "appeal_form"}


@require_GET
@affiliate_view
def review_list(request: HttpRequest, affiliate: Affiliate) -> HttpResponse:
    """List the affiliate's reviews, newest first."""
    rows = Review.objects.for_affiliate(affiliate).select_related("agreement").with_replied()
    return render(request, "compliance/reviews.html", {"table": ReviewTable(rows, orderable=False)})


@require_GET
@affiliate_view
def review(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Show one of the affiliate's reviews with its timeline."""
    return _render_review(request, _get_own_review(affiliate, pk))


@require_POST
@affiliate_view
def reply(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Store the affiliate's reply to a review, with files."""
    form = ReplyForm(request.POST, request.FILES)
    return _store_text(request, affiliate, pk, form, replies.reply, _("Your reply has been sent."))


@require_POST
@affiliate_view
def answer(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Store the affiliate's answer to a question of staff, with files."""
    form = AnswerForm(request.POST, request.FILES)
    return _store_text(request, affiliate, pk, form, questions.answer, _("Your answer has been sent."))


def _store_text(
    request: HttpRequest, affiliate: Affiliate, pk: UUID, form: ReplyForm, store: Callable[..., object], done: str
) -> HttpResponse:
    own_review = _get_own_review(affiliate, pk)
    if form.is_valid():
        try:
            text = form.cleaned_data["text"]
            store(review=own_review, text=text, files=form.contents, now=timezone.now(), by=affiliate.user)
        except (ValidationError, NotAllowed) as error:
            _add_errors(form, error)
        else:
            messages.success(request, done)
            return redirect("compliance:review", pk)
    return _render_review(request, own_review, form, status=422)


@require_POST
@affiliate_view
def appeal(request: HttpRequest, affiliate: Affiliate, pk: UUID) -> HttpResponse:
    """Store the affiliate's appeal against a decision."""
    own_review, form = _get_own_review(affiliate, pk), AppealForm(request.POST)
    if form.is_valid():
        try:
            appeals.appeal(review=own_review, text=form.cleaned_data["text"], now=timezone.now(), by=affiliate.user)
        except (ValidationError, NotAllowed) as error:
            _add_errors(form, error)
        else:
            messages.success(request, _("Your appeal has been sent. A different reviewer will decide it."))
            return redirect("compliance:review", pk)
    return _render_review(request, own_review, form, status=422)


@require_GET
@affiliate_view
def review_file(request: HttpRequest, affiliate: Affiliate, pk: UUID, file_pk: UUID) -> HttpResponse:
    """Download a file of one of the affiliate's own replies."""
    files = ReviewFile.objects.filter(event__review=_get_own_review(affiliate, pk), event__private=False)
    return build_download_response(get_object_or_404(files, pk=file_pk))


def report_abuse(request: HttpRequest) -> HttpResponse:
    """Accept an abuse report from anyone, rate-limited by network."""
    form = AbuseReportForm(request.POST or None)
    status = 200
    if form.is_bound and form.is_valid():
        now = timezone.now()
        if abuse_reports.is_report_allowed(address=get_client_address(request), now=now):
            abuse_reports.submit_report(**form.cleaned_data, now=now)
            messages.success(request, _("Thank you. We have received your report and will look into it."))
            return redirect("compliance:report_abuse")
        form.add_error(None, _("Too many reports have come from your network. Please try again in an hour."))
        status = 429
    elif form.is_bound:
        status = 422
    return render(request, "compliance/report_abuse.html", {"form": form}, status=status)


def _get_own_review(affiliate: Affiliate, pk: UUID) -> Review:
    return get_object_or_404(
        Review.objects.for_affiliate(affiliate).select_related("agreement", "affiliate__user"), pk=pk
    )


def _add_errors(form: Form, error: ValidationError | NotAllowed) -> None:
    if isinstance(error, ValidationError):
        has_fields = hasattr(error, "error_dict")
        fits_form = not has_fields or set(error.error_dict) <= set(form.fields)
        form.add_error(None, error if fits_form else error.messages)
    else:
        form.add_error(None, str(error))


def _render_review(
    request: HttpRequest, own_review: Review, bound: Form | None = None, *, status: int = 200
) -> HttpResponse:
    """Show the review with its forms; `bound` replaces the one of its kind."""
    own_review.refresh_from_db()
    context = {
        "page": review_page.build_review_page(own_review, now=timezone.now()),
        "review": own_review,
        "category_names": load_category_names(),
        "reply_form": ReplyForm(),
        "answer_form": AnswerForm(),
        "appeal_form": AppealForm(),
    }
    if bound is not None:
        context[_FORM_NAMES[type(bound)]] = bound
    return render(request, "compliance/review.html", context, status=status)
