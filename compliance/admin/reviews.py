"""Reviews in the admin: opened by clause, decided, their appeals decided by somebody else, noted on in private."""

from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from accounts.staff import staff_member
from affiliates.models import Affiliate
from compliance import review_money
from compliance.admin.forms import (
    AffiliateForm,
    AppealDecisionForm,
    NoteForm,
    build_decision_form,
    build_open_review_form,
)
from compliance.grounds import annotate_title
from compliance.models import Review, ReviewEvent, ReviewFile, Signal
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.evidence_files import build_download_response
from compliance.reviews.open_review import open_review
from lib.admin.actions import run_action
from lib.admin.bases import ReadOnlyAdmin, ReadOnlyInline, cache_on_row
from lib.admin.pages import build_admin_link, build_changelist_url, run_row_action
from lib.formatting import format_datetime, format_money
from lib.typed import action

State = Review.State


class EventInline(ReadOnlyInline):
    model = ReviewEvent
    fields = ("at", "kind", "by", "text", "file_links", "private")
    readonly_fields = fields
    verbose_name_plural = gettext_lazy("steps")
    tab = False
    per_page = 100

    @admin.display(description=gettext_lazy("files"))
    def file_links(self, step: ReviewEvent) -> SafeString:
        address = "admin:compliance_review_file"
        rows = step.files.all()
        return format_html_join(" ", '<a href="{}">{}</a>', ((reverse(address, args=[f.pk]), f.name) for f in rows))

    def get_queryset(self, request: HttpRequest) -> Any:
        files = Prefetch("files", ReviewFile.objects.defer("content").order_by("id"))
        return super().get_queryset(request).select_related("by").prefetch_related(files).order_by("number")


@admin.register(Review)
class ReviewAdmin(ReadOnlyAdmin):
    list_display = ("title", "affiliate", "state", "decision", "appeal", "opened_at", "decide_by", "appeal_decide_by")
    list_filter = ("state", "decision", "appeal", "activity")
    list_select_related = ("affiliate", "agreement")
    search_fields = ("affiliate__code", "affiliate__name", "summary")
    fields = (
        "affiliate_link", "title", "clause", "agreement", "summary", "state", "opened_at", "opened_by", "reply_by",
        "decide_by", "hold_released_at", "recommendation", "named_commissions", "held_now", "decision",
        "decision_reason", "decided_at", "decided_by", "appeal_by", "appealed_at", "appeal_decide_by", "appeal",
        "appeal_decided_at", "appeal_decided_by", "closed_at",
    )  # fmt: skip
    readonly_fields = fields
    inlines = (EventInline,)
    actions_list = ("open_review",)
    actions_detail = ("decide", "decide_appeal", "add_note")

    def get_queryset(self, request: HttpRequest) -> Any:
        return annotate_title(super().get_queryset(request))

    @admin.display(description=gettext_lazy("about"))
    def title(self, review: Any) -> str:
        return str(review.title)

    @admin.display(description=gettext_lazy("affiliate"))
    def affiliate_link(self, review: Review) -> SafeString | str:
        return build_admin_link(review.affiliate)

    @admin.display(description=gettext_lazy("commissions that it names"))
    @cache_on_row
    def named_commissions(self, review: Review) -> SafeString | str:
        rows = review.commissions.select_related("order").order_by("-placed_at", "pk")[:100]
        shown = ((row.order.order_id, format_money(row.amount, review.agreement.currency)) for row in rows)
        return format_html_join(", ", "{} ({})", shown) or "-"

    @admin.display(description=gettext_lazy("held now"))
    @cache_on_row
    def held_now(self, review: Review) -> str:
        amount = format_money(review_money.compute_held_amount(review), review.agreement.currency)
        return (
            _("%(amount)s, and all payouts") % {"amount": amount} if review_money.holds_all_payouts(review) else amount
        )

    def get_urls(self) -> list[URLPattern]:
        view = self.admin_site.admin_view(self.download_file)
        return [path("files/<uuid:pk>/", view, name="compliance_review_file"), *super().get_urls()]

    def download_file(self, request: HttpRequest, pk: UUID) -> HttpResponse:
        """A file that the affiliate sent, as a download."""
        if not request.user.has_perm("compliance.view_reviewfile"):
            raise PermissionDenied
        return build_download_response(get_object_or_404(ReviewFile, pk=pk))

    def has_open_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.add_review")

    def has_decide_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return self._has_review_permission(request, "decide", object_id, State.OPEN)

    def has_decide_appeal_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return self._has_review_permission(request, "decide", object_id, State.APPEALED)

    def has_note_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.change_review")

    def _has_review_permission(self, request: HttpRequest, verb: str, object_id: str, state: str) -> bool:
        if not request.user.has_perm(f"compliance.{verb}_review"):
            return False
        # A button stands only where it can do something; whoever is too late gets a message, not a refusal.
        return request.method == "POST" or Review.objects.filter(pk=object_id, state=state).exists()

    @action(description=gettext_lazy("Open a review"), permissions=["open"])
    def open_review(self, request: HttpRequest) -> HttpResponse:
        """First of whom, then by which clause of the version that they are under."""
        code = request.GET.get("affiliate", "")
        affiliate = Affiliate.objects.select_related("user").filter(code=code).first() if code else None
        if affiliate is None:
            return self._ask_for_affiliate(request)
        now, signal = timezone.now(), _get_signal(request, affiliate)
        form = build_open_review_form(affiliate, now=now)
        if form is None:
            self.message_user(request, _("They have accepted no agreement: there is no clause to name."), level="error")
            return HttpResponseRedirect(build_affiliate_url(affiliate))
        return run_action(
            request, self, form, _("Open a review of %s") % affiliate,
            lambda answers: open_review(affiliate=affiliate, now=now, by=staff_member(request), signal=signal, **answers),
            build_changelist_url(Review, f"q={affiliate.code}"),
            success_message=_("The review is open, and the affiliate is told."),
            explanation=_("The affiliate is told at once, with the clause and what is held."),
        )  # fmt: skip

    def _ask_for_affiliate(self, request: HttpRequest) -> HttpResponse:
        form = AffiliateForm(request.POST or None)
        if form.is_bound and form.is_valid():
            query = request.GET.copy()
            query["affiliate"] = form.cleaned_data["affiliate"].code
            return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
        return run_action(
            request, self, AffiliateForm, _("Open a review"), lambda _answers: None, build_changelist_url(Review)
        )

    @action(description=gettext_lazy("Decide"), permissions=["decide"])
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        review = get_object_or_404(Review.objects.select_related("agreement"), pk=object_id)
        return run_row_action(
            self, request, object_id, build_decision_form(review), _("Decide this review"),
            lambda row, answers, now, by: decisions.decide(review=row, now=now, by=by, **answers),
            explanation=_("The affiliate reads the decision and its reason. They may reply until %(reply_by)s; before that and"
                          " without a reply, a review can only be dismissed.") % {"reply_by": format_datetime(review.reply_by)},
        )  # fmt: skip

    @action(description=gettext_lazy("Decide the appeal"), permissions=["decide_appeal"])
    def decide_appeal(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return run_row_action(
            self, request, object_id, AppealDecisionForm, _("Decide the appeal"),
            lambda row, answers, now, by: appeals.decide_appeal(review=row, now=now, by=by, **answers),
            explanation=_("Whoever decided the review may not decide its appeal. Granted gives back money and links."),
        )  # fmt: skip

    @action(description=gettext_lazy("Add a private note"), permissions=["note"])
    def add_note(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return run_row_action(
            self, request, object_id, NoteForm, _("Add a private note"),
            lambda row, answers, now, by: replies.add_note(review=row, now=now, by=by, **answers),
            explanation=_("Staff alone see it."),
        )  # fmt: skip


def build_affiliate_url(affiliate: Affiliate) -> str:
    """The admin page of `affiliate`."""
    return reverse("admin:affiliates_affiliate_change", args=[affiliate.pk])


def _get_signal(request: HttpRequest, affiliate: Affiliate) -> Signal | None:
    """The open signal that the review answers, where the address names one about this affiliate or about nobody known."""
    text = request.GET.get("signal", "")
    try:
        signal = Signal.objects.filter(pk=UUID(text)).first() if text else None
    except ValueError:
        return None
    return signal if signal and signal.affiliate_id in (None, affiliate.pk) else None


def build_open_review_url(affiliate: Affiliate | None, signal: Signal | None = None) -> str:
    """Where a review of `affiliate` is opened."""
    named = {"affiliate": affiliate.code if affiliate else "", "signal": str(signal.pk) if signal else ""}
    query = urlencode({key: value for key, value in named.items() if value})
    return f"{reverse('admin:compliance_review_open_review')}?{query}"
