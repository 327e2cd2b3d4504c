"""Applications, and each affiliate with their channels and history."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django_countries.filters import CountryFilter

from accounts.staff import staff_member
from affiliates import applications, fields, profile
from affiliates.admin_fields import STATE_COLORS, render_link
from affiliates.models import Affiliate, Channel, State, StatusChange
from agreements.applicable_version import cite_applicable_clause
from agreements.models import Program
from agreements.rules import Rule
from compliance.admin.reviews import build_open_review_url
from compliance.models import TerminationNotice
from compliance.offboarding import termination
from lib.admin.actions import ConfirmForm, ReasonForm, apply_to_each, describe_rows, run_action
from lib.admin.bases import BaseAdmin, ReadOnlyInline
from lib.admin.pages import run_row_action
from lib.typed import action, display


class ChannelInline(ReadOnlyInline):
    model = Channel
    fields = ("link", "kind", "state", "added_at", "decided_at", "decided_by", "reason")
    readonly_fields = ("link",)
    show_change_link = True

    @admin.display(description=gettext_lazy("address"))
    def link(self, channel: Channel) -> SafeString:
        return render_link(channel.address)


class StatusChangeInline(ReadOnlyInline):
    model = StatusChange
    fields = ("at", "before", "after", "by", "reason", "clause", "breach", "recorded_at")
    verbose_name_plural = gettext_lazy("history")


class ProfileForm(ModelForm):  # type: ignore[type-arg]  # takes none when it runs
    """What staff may put right; each field is read as the affiliate's own form reads it."""

    class Meta:
        model = Affiliate
        fields = ("name", "country", "time_zone")

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        for field, reading in (
            ("name", fields.clean_name),
            ("country", fields.clean_country),
            ("time_zone", fields.clean_time_zone),
        ):
            try:
                answers[field] = reading(answers.get(field, ""))
            except ValidationError as refusal:
                if field not in self.errors:
                    self.add_error(None, refusal)
        return answers


@admin.register(Affiliate)
class AffiliateAdmin(BaseAdmin):
    form = ProfileForm
    list_display = ("applied_at", "code", "name", "country_name", "state_label", "email_confirmed", "channel_links")
    list_display_links = ("applied_at", "code", "name")
    list_filter = ("state", ("country", CountryFilter))
    list_filter_submit = True
    list_per_page = 50
    list_select_related = ("user",)
    search_fields = ("code", "name", "user__email", "channels__address")
    show_full_result_count = False
    fields = (
        *("name", "country", "time_zone", "code", "email", "email_confirmed"),
        *("state", "state_since", "applied_at", "notice_ends_at"),
    )
    readonly_fields = ("code", "email", "email_confirmed", "state", "state_since", "applied_at", "notice_ends_at")
    inlines = (ChannelInline, StatusChangeInline)
    actions = ("approve_selected", "reject_selected")
    actions_detail = ("approve", "reject", "open_review", "suspend", "reinstate", "give_notice")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Affiliate]:
        confirmed = EmailAddress.objects.filter(
            user_id=OuterRef("user_id"), email__iexact=OuterRef("user__email"), verified=True
        )
        affiliates: QuerySet[Affiliate] = super().get_queryset(request)
        return affiliates.annotate(confirmed=Exists(confirmed)).prefetch_related("channels")

    @display(description=gettext_lazy("state"), ordering="state", label=STATE_COLORS)
    def state_label(self, affiliate: Affiliate) -> tuple[str, str]:
        return affiliate.state, affiliate.get_state_display()

    @admin.display(description=gettext_lazy("country"), ordering="country")
    def country_name(self, affiliate: Affiliate) -> str:
        return str(affiliate.country.name)

    @admin.display(description=gettext_lazy("e-mail"))
    def email(self, affiliate: Affiliate) -> str:
        return affiliate.email

    @admin.display(description=gettext_lazy("e-mail confirmed"), boolean=True)
    def email_confirmed(self, affiliate: Affiliate) -> bool:
        return bool(getattr(affiliate, "confirmed", False))

    @admin.display(description=gettext_lazy("channels"))
    def channel_links(self, affiliate: Affiliate) -> SafeString:
        shown = [
            (render_link(channel.address), channel.get_state_display()) for channel in affiliate.channels.all()[:5]
        ]
        return format_html_join(mark_safe("<br>"), "{} ({})", shown)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Affiliate | None = None) -> bool:
        return False

    def has_decide_permission(self, request: HttpRequest, object_id: str | None = None) -> bool:
        """Whether to offer the decisions: to whoever may make them, where one is to be made."""
        if not request.user.has_perm("affiliates.decide_application"):
            return False
        # An answer that comes too late is told why by the domain, rather than forbidden.
        if object_id is None or request.method == "POST":
            return True
        return Affiliate.objects.filter(pk=object_id, state=State.APPLIED).exists()

    def save_model(self, request: HttpRequest, obj: Affiliate, form: ProfileForm, change: bool) -> None:
        answers = form.cleaned_data
        profile.update_profile(
            affiliate=obj,
            name=answers["name"],
            country=answers["country"],
            time_zone=answers["time_zone"],
            now=timezone.now(),
            by=staff_member(request),
        )

    @action(description=gettext_lazy("Approve"), permissions=["decide"], icon="check", variant="primary")
    def approve(self, request: HttpRequest, object_id: str) -> HttpResponse:
        get_object_or_404(Affiliate, pk=object_id)
        return self._approve(
            request,
            Affiliate.objects.filter(pk=object_id),
            reverse("admin:affiliates_affiliate_change", args=[object_id]),
        )

    @action(description=gettext_lazy("Reject"), permissions=["decide"], icon="close", variant="danger")
    def reject(self, request: HttpRequest, object_id: str) -> HttpResponse:
        get_object_or_404(Affiliate, pk=object_id)
        return self._reject(
            request,
            Affiliate.objects.filter(pk=object_id),
            reverse("admin:affiliates_affiliate_change", args=[object_id]),
        )

    @admin.action(description=gettext_lazy("Approve the applications"), permissions=["decide"])
    def approve_selected(self, request: HttpRequest, queryset: QuerySet[Affiliate]) -> HttpResponse:
        return self._approve(request, queryset, reverse("admin:affiliates_affiliate_changelist"))

    @admin.action(description=gettext_lazy("Reject the applications"), permissions=["decide"])
    def reject_selected(self, request: HttpRequest, queryset: QuerySet[Affiliate]) -> HttpResponse:
        return self._reject(request, queryset, reverse("admin:affiliates_affiliate_changelist"))

    def _approve(self, request: HttpRequest, affiliates: QuerySet[Affiliate], back: str) -> HttpResponse:
        """Applications close with the announcement of the program's end (specification 8); rejecting stays possible."""
        if Program.objects.filter(end_announced_at__isnull=False).exists():
            said = _(
                "The end of the program is announced: nobody can be approved any more. Applications can be rejected."
            )
            self.message_user(request, said, level="error")
            return HttpResponseRedirect(back)
        return run_action(
            request,
            self,
            ConfirmForm,
            _("Approve %(whom)s") % {"whom": describe_rows(affiliates)},
            apply_to_each(
                affiliates,
                lambda affiliate, _answers: applications.approve(
                    affiliate=affiliate,
                    clause=cite_applicable_clause(affiliate, Rule.ACCEPTANCE, timezone.now()),
                    now=timezone.now(),
                    by=staff_member(request),
                ),
            ),
            back,
            explanation=_(
                "The channels that still wait are approved too: reject the ones that you don't want first. The "
                "affiliate is told by e-mail, and takes part when they have accepted the agreement."
            ),
        )

    def _reject(self, request: HttpRequest, affiliates: QuerySet[Affiliate], back: str) -> HttpResponse:
        return run_action(
            request,
            self,
            ReasonForm,
            _("Reject %(whom)s") % {"whom": describe_rows(affiliates)},
            apply_to_each(
                affiliates,
                lambda affiliate, answers: applications.reject(
                    affiliate=affiliate,
                    reason=answers["reason"],
                    clause=cite_applicable_clause(affiliate, Rule.ELIGIBILITY, timezone.now()),
                    now=timezone.now(),
                    by=staff_member(request),
                ),
            ),
            back,
            explanation=_("The applicant reads the reason. A rejection is final."),
        )

    def has_open_review_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.add_review") and self._is_in_state(
            request, object_id, State.ACTIVE, State.SUSPENDED, State.LEAVING, State.TERMINATED
        )

    def has_suspend_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.suspend_affiliate") and self._is_in_state(
            request, object_id, State.ACTIVE
        )

    def has_reinstate_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.suspend_affiliate") and self._is_in_state(
            request, object_id, State.SUSPENDED
        )

    def has_notice_permission(self, request: HttpRequest, object_id: str = "") -> bool:
        return request.user.has_perm("compliance.add_terminationnotice") and self._is_in_state(
            request, object_id, State.APPROVED, State.ACTIVE, State.SUSPENDED
        )

    def _is_in_state(self, request: HttpRequest, object_id: str, *states: State) -> bool:
        return request.method == "POST" or Affiliate.objects.filter(pk=object_id, state__in=states).exists()

    @action(description=gettext_lazy("Open a review"), permissions=["open_review"])
    def open_review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(build_open_review_url(get_object_or_404(Affiliate, pk=object_id)))

    @action(description=gettext_lazy("Suspend"), permissions=["suspend"])
    def suspend(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return run_row_action(
            self, request, object_id, ReasonForm, _("Suspend this affiliate"),
            lambda row, answers, now, by: termination.suspend(affiliate=row, now=now, by=by, **answers),
            explanation=_("New clicks and orders do not count, and nothing is paid out, until they are reinstated."),
        )  # fmt: skip

    @action(description=gettext_lazy("Reinstate"), permissions=["reinstate"])
    def reinstate(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return run_row_action(
            self, request, object_id, ReasonForm, _("Reinstate this affiliate"),
            lambda row, answers, now, by: termination.reinstate(affiliate=row, now=now, by=by, **answers),
        )  # fmt: skip

    @action(description=gettext_lazy("Give notice"), permissions=["notice"])
    def give_notice(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return run_row_action(
            self, request, object_id, ReasonForm, _("Give notice of termination"),
            lambda row, answers, now, by: termination.give_notice(
                affiliate=row, ground=TerminationNotice.Ground.CHOICE, now=now, by=by, **answers
            ),
            explanation=_("The affiliate goes on until the notice has run off, and all that they earned is paid."),
        )  # fmt: skip
