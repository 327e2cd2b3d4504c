"""Reviews in the admin, with actions to open and decide them, to decide appeals and to add private notes."""

from datetime import datetime
from decimal import Decimal
from typing import Any
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import admin
from django.core.exceptions import PermissionDenied
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path, reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.staff import staff_member
from affiliates.admin_fields import render_link
from affiliates.mail_preview import preview_mail
from affiliates.models import Affiliate
from compliance import review_money
from compliance.admin.cases import render_case, render_evidence, render_signal
from compliance.admin.decision_facts import list_appeal_facts, list_decision_facts
from compliance.admin.forms import (
    AffiliateForm,
    AppealDecisionForm,
    NoteForm,
    build_decision_form,
    build_open_review_form,
)
from compliance.admin.review_actions import ReviewActions
from compliance.admin.review_events import LATER_FIELDS, EventInline
from compliance.admin.review_filter import WaitingFilter
from compliance.deadlines import is_over
from compliance.grounds import annotate_title, list_possible_decisions
from compliance.models import Review, ReviewFile, Signal
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.evidence_files import build_download_response
from compliance.reviews.open_review import open_review
from lib.admin.actions import run_action
from lib.admin.bases import ReadOnlyAdmin, cache_on_row
from lib.admin.confirmation import run_checked_action
from lib.admin.pages import build_admin_link, build_changelist_url
from lib.admin.staff_action import StaffAction, StaffPage
from lib.formatting import format_datetime, format_money
from tracking.models import Order

State = Review.State


def _select_appeals_to_decide(request: HttpRequest) -> Q:
    """Return the appeals against decisions of other reviewers."""
    return Q(state=State.APPEALED) & ~Q(decided_by=request.user.pk)


@admin.register(Review)
class ReviewAdmin(ReviewActions, ReadOnlyAdmin):
    list_display = ("title", "affiliate", "state", "decision", "appeal", "opened_at", "decide_by", "appeal_decide_by")
    list_filter = (WaitingFilter, "state", "decision", "appeal", "activity")
    list_select_related = ("affiliate", "agreement")
    search_fields = ("affiliate__code", "affiliate__name", "summary")
    fields = (
        "affiliate_link", "title", "clause_heading", "agreement", "summary", "evidence_links",
        "state", "opened_at", "opened_by", "reply_by",
        "decide_by", "hold_released_at", "recommendation", "named_commissions", "held_now", "evidence", "decision",
        "decision_reason", "decided_at", "decided_by", "appeal_by", "appealed_at", "appeal_decide_by",
        "appeal_decider", "appeal_outcome", "appeal_decided_at", "appeal_decided_by", "closed_at",
    )  # fmt: skip
    readonly_fields = fields
    inlines = (EventInline,)
    actions_list = ("open_review",)
    actions_detail: tuple[str, ...] = ("decide", "decide_appeal", "ask", "hold", "release", "add_note")

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Leave out what has not happened yet, such as the decision."""
        return [name for name in self.fields if name not in LATER_FIELDS or (obj and LATER_FIELDS[name](obj))]

    def get_queryset(self, request: HttpRequest) -> Any:
        return annotate_title(super().get_queryset(request))

    @admin.display(description=gettext_lazy("subject"))
    def title(self, review: Any) -> str:
        return str(review.title)

    @admin.display(description=gettext_lazy("clause"))
    @cache_on_row
    def clause_heading(self, review: Review) -> str:
        clause = review.agreement.clauses.filter(number=review.clause).first()
        return f"{review.clause} {clause.heading}" if clause else review.clause

    @admin.display(description=gettext_lazy("outcome of the appeal"))
    def appeal_outcome(self, review: Review) -> str:
        return review.get_appeal_display()

    @admin.display(description=gettext_lazy("affiliate"))
    def affiliate_link(self, review: Review) -> SafeString | str:
        return build_admin_link(review.affiliate)

    @admin.display(description=gettext_lazy("who decides the appeal"))
    def appeal_decider(self, review: Review) -> str:
        if review.state != State.APPEALED:
            return "-"
        return _("Any reviewer but %(name)s, who decided the review.") % {"name": review.decided_by}

    @admin.display(description=gettext_lazy("named commissions"))
    @cache_on_row
    def named_commissions(self, review: Review) -> SafeString | str:
        rows = review.commissions.select_related("order").order_by("-placed_at", "pk")[:100]
        orders: dict[Order, list[Decimal]] = {}
        for row in rows:
            orders.setdefault(row.order, []).append(row.amount)
        shown = (
            (
                build_admin_link(order, order.order_id),
                format_money(sum(amounts, Decimal(0)), review.agreement.currency),
                ngettext("%(count)d line", "%(count)d lines", len(amounts)) % {"count": len(amounts)},
            )
            for order, amounts in orders.items()
        )
        return format_html_join(mark_safe("<br>"), "{}: {} ({})", shown) or "-"

    @admin.display(description=gettext_lazy("addresses of the evidence (shown to the affiliate)"))
    def evidence_links(self, review: Review) -> SafeString | str:
        addresses = review.evidence_addresses.splitlines()
        shown = ((render_link(one) if one.startswith("http") else one,) for one in addresses)
        return format_html_join(mark_safe("<br>"), "{}", shown) or "-"

    @admin.display(description=gettext_lazy("evidence"))
    @cache_on_row
    def evidence(self, review: Review) -> SafeString | str:
        """Return what the signals of the review found, each with a link to it."""
        signals = review.signals.order_by("raised_at", "pk")
        shown = ((build_admin_link(signal), render_evidence(signal)) for signal in signals)
        return format_html_join("", "<p>{}</p>{}", shown) or "-"

    @admin.display(description=gettext_lazy("currently held"))
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
        """Download a file that the affiliate attached to a reply."""
        if not request.user.has_perm("compliance.view_reviewfile"):
            raise PermissionDenied
        return build_download_response(get_object_or_404(ReviewFile, pk=pk))

    @StaffPage(gettext_lazy("Open a review"), permission="compliance.add_review")
    def open_review(self, request: HttpRequest) -> HttpResponse:
        """Ask for the affiliate first, then for a clause of their applicable version."""
        code = request.GET.get("affiliate", "")
        affiliate = Affiliate.objects.select_related("user").filter(code=code).first() if code else None
        if affiliate is None:
            return self._ask_for_affiliate(request)
        now, signal = timezone.now(), _get_signal(request, affiliate)
        form = build_open_review_form(affiliate, now=now, signal=signal)
        if form is None:
            self.message_user(
                request, _("The affiliate has not accepted an agreement, so there is no clause to cite."), level="error"
            )
            return HttpResponseRedirect(build_affiliate_url(affiliate))
        return run_action(
            request,
            self,
            form,
            _("Open a review of %s") % affiliate,
            lambda answers: open_review(
                affiliate=affiliate, now=now, by=staff_member(request), signal=signal, **answers
            ),
            build_changelist_url(Review, f"q={affiliate.code}"),
            success_message=_("Review opened. The affiliate has been notified."),
            explanation=_("The affiliate is notified at once of the clause and of what is held."),
            details=render_signal(signal) if signal else "",
        )

    def _ask_for_affiliate(self, request: HttpRequest) -> HttpResponse:
        form = AffiliateForm(request.POST or None)
        if form.is_bound and form.is_valid():
            query = request.GET.copy()
            query["affiliate"] = form.cleaned_data["affiliate"].code
            return HttpResponseRedirect(f"{request.path}?{query.urlencode()}")
        return run_action(
            request, self, AffiliateForm, _("Open a review"), lambda _answers: None, build_changelist_url(Review)
        )

    @StaffPage(gettext_lazy("Decide"), permission="compliance.decide_review", rows=Q(state=State.OPEN))
    def decide(self, request: HttpRequest, object_id: str) -> HttpResponse:
        review = get_object_or_404(
            self.get_queryset(request).select_related("agreement", "affiliate__user"), pk=object_id
        )
        now, by = timezone.now(), staff_member(request)

        def decide(answers: dict[str, Any]) -> Review:
            return decisions.decide(review=review, now=now, by=by, **answers)

        return run_checked_action(
            request,
            self,
            build_decision_form(review, now=now),
            _("Decide this review"),
            decide,
            reverse("admin:compliance_review_change", args=[review.pk]),
            check=lambda answers: list_decision_facts(review, answers["decision"], now=now),
            preview=lambda answers: preview_mail(
                lambda: decide(answers), affiliate=review.affiliate, kind="review_decided"
            ),
            variant="danger",
            explanation=_explain_decision(review, now),
            success_message=_("Review decided."),
            details=render_case(review, now=now),
        )

    @StaffPage(gettext_lazy("Decide the appeal"), permission="compliance.decide_review", rows=_select_appeals_to_decide)
    def decide_appeal(self, request: HttpRequest, object_id: str) -> HttpResponse:
        review = get_object_or_404(
            self.get_queryset(request).select_related("agreement", "affiliate__user"), pk=object_id
        )
        now, by = timezone.now(), staff_member(request)

        def decide(answers: dict[str, Any]) -> Review:
            return appeals.decide_appeal(review=review, now=now, by=by, **answers)

        return run_checked_action(
            request,
            self,
            AppealDecisionForm,
            _("Decide the appeal"),
            decide,
            reverse("admin:compliance_review_change", args=[review.pk]),
            check=lambda answers: list_appeal_facts(review, answers["outcome"]),
            preview=lambda answers: preview_mail(
                lambda: decide(answers), affiliate=review.affiliate, kind="appeal_decided"
            ),
            variant="danger",
            explanation=_("The appeal must be decided by a different reviewer. Granting it restores money and links."),
            success_message=_("Appeal decided."),
            details=render_case(review, now=now),
        )

    add_note = StaffAction(
        gettext_lazy("Add a private note"),
        permission="compliance.change_review",
        form=NoteForm,
        do=lambda review, answers, now, by: replies.add_note(review=review, now=now, by=by, **answers),
        explanation=gettext_lazy("Only staff can see the note."),
        success=gettext_lazy("Note added."),
    )


def _explain_decision(review: Review, now: datetime) -> str:
    gravest = list_possible_decisions(review, now=now)[-1]
    explanation = _(
        "The decision and its reason are shown to the affiliate. They can reply until %(reply_by)s. The gravest decision"
        " that clause %(clause)s allows here is: %(gravest)s."
    ) % {"reply_by": format_datetime(review.reply_by), "clause": review.clause, "gravest": gravest.label}
    if is_over(review.decide_by, now) and review.commissions.exists():
        explanation = f"{explanation} {decisions.describe_missed_deadline(review)}"
    return explanation


def build_affiliate_url(affiliate: Affiliate) -> str:
    """Return the URL of the admin page of `affiliate`."""
    return reverse("admin:affiliates_affiliate_change", args=[affiliate.pk])


def _get_signal(request: HttpRequest, affiliate: Affiliate) -> Signal | None:
    """Return the signal in the query string, if it is about `affiliate` or about no known affiliate."""
    text = request.GET.get("signal", "")
    try:
        signal = Signal.objects.filter(pk=UUID(text)).first() if text else None
    except ValueError:
        return None
    return signal if signal and signal.affiliate_id in (None, affiliate.pk) else None


def build_open_review_url(affiliate: Affiliate | None, signal: Signal | None = None) -> str:
    """Return the URL to open a review of `affiliate`, for `signal` if there is one."""
    parameters = {"affiliate": affiliate.code if affiliate else "", "signal": str(signal.pk) if signal else ""}
    query = urlencode({key: value for key, value in parameters.items() if value})
    return f"{reverse('admin:compliance_review_open_review')}?{query}"
