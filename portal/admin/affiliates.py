"""Affiliates in the admin, with their applications, channels and status history."""

from typing import Any

from allauth.account.models import EmailAddress
from django.contrib import admin
from django.core.exceptions import ValidationError
from django.db.models import Exists, OuterRef, Q, QuerySet
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy
from django_countries.filters import CountryFilter

from accounts.staff import staff_member
from affiliates import fields, profile
from affiliates.admin_fields import STATE_COLORS, render_link
from affiliates.models import Affiliate, Channel, State, StatusChange
from compliance.admin.reviews import build_open_review_url
from compliance.admin.terminations import NOTICE_EXPLANATION, SUSPENSION_EXPLANATION
from compliance.models import TerminationNotice
from compliance.offboarding import suspension, termination
from lib.admin.actions import ReasonForm
from lib.admin.bases import BaseAdmin, ReadOnlyInline
from lib.admin.staff_action import StaffAction, StaffPage
from lib.typed import display
from payouts.admin.csv_import import serve_import
from portal.admin.affiliate_import import AffiliateImport
from portal.admin.applications import AnswerInline, ApplicationActions, RuleCheckInline, show_preview


class ChannelInline(ReadOnlyInline):
    model = Channel
    fields = ("link", "page", "kind", "state", "added_at", "decided_at", "decided_by", "reason")
    readonly_fields = ("link", "page")
    show_change_link = True

    def get_queryset(self, request: HttpRequest) -> QuerySet[Channel]:
        channels: QuerySet[Channel] = super().get_queryset(request).select_related("preview", "decided_by")
        return channels

    @admin.display(description=gettext_lazy("its page says"))
    def page(self, channel: Channel) -> SafeString | str:
        return show_preview(channel)

    @admin.display(description=gettext_lazy("address"))
    def link(self, channel: Channel) -> SafeString:
        return render_link(channel.address)


class StatusChangeInline(ReadOnlyInline):
    model = StatusChange
    fields = ("at", "before", "after", "by", "reason", "clause", "breach", "recorded_at", "annuls")
    verbose_name_plural = gettext_lazy("status history")


class ProfileForm(ModelForm):  # type: ignore[type-arg]  # not generic at run time
    """Profile fields that staff may correct, cleaned as in the affiliate's own form."""

    class Meta:
        model = Affiliate
        fields = ("name", "country", "time_zone")

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        for field, clean in (
            ("name", fields.clean_name),
            ("country", fields.clean_country),
            ("time_zone", fields.clean_time_zone),
        ):
            try:
                answers[field] = clean(answers.get(field, ""))
            except ValidationError as error:
                if field not in self.errors:
                    self.add_error(None, error)
        return answers


@admin.register(Affiliate)
class AffiliateAdmin(ApplicationActions, BaseAdmin):
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
    inlines = (AnswerInline, RuleCheckInline, ChannelInline, StatusChangeInline)
    actions = ("approve_selected", "reject_selected")
    actions_list = ("import_file",)
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

    @StaffPage(gettext_lazy("Import a CSV file"), permission="affiliates.import_affiliates")
    def import_file(self, request: HttpRequest) -> HttpResponse:
        """Map the columns of a file of affiliates, preview them, then import all of them."""
        return serve_import(self, request, AffiliateImport())

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Affiliate | None = None) -> bool:
        return False

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

    suspend = StaffAction(
        gettext_lazy("Suspend"),
        permission="compliance.suspend_affiliate",
        variant="danger",
        rows=Q(state=State.ACTIVE),
        form=ReasonForm,
        do=lambda affiliate, answers, now, by: suspension.suspend(affiliate=affiliate, now=now, by=by, **answers),
        title=gettext_lazy("Suspend this affiliate"),
        explanation=SUSPENSION_EXPLANATION,
        success=gettext_lazy("Affiliate suspended."),
    )
    reinstate = StaffAction(
        gettext_lazy("Reinstate"),
        permission="compliance.suspend_affiliate",
        rows=Q(state=State.SUSPENDED),
        form=ReasonForm,
        do=lambda affiliate, answers, now, by: suspension.reinstate(affiliate=affiliate, now=now, by=by, **answers),
        title=gettext_lazy("Reinstate this affiliate"),
        success=gettext_lazy("Affiliate reinstated."),
    )
    give_notice = StaffAction(
        gettext_lazy("Give notice"),
        permission="compliance.add_terminationnotice",
        variant="danger",
        rows=Q(state__in=(State.APPROVED, State.ACTIVE, State.SUSPENDED)),
        form=ReasonForm,
        do=lambda affiliate, answers, now, by: termination.give_notice(
            affiliate=affiliate, ground=TerminationNotice.Ground.CHOICE, now=now, by=by, **answers
        ),
        title=gettext_lazy("Give notice of termination"),
        explanation=NOTICE_EXPLANATION,
        success=gettext_lazy("Notice given."),
    )

    @StaffPage(
        gettext_lazy("Open a review"),
        permission="compliance.add_review",
        rows=Q(state__in=(State.ACTIVE, State.SUSPENDED, State.LEAVING, State.TERMINATED)),
    )
    def open_review(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(build_open_review_url(get_object_or_404(Affiliate, pk=object_id)))
