"""Affiliates in the admin, with their applications, channels and status history."""

from typing import Any

from django.contrib import admin
from django.contrib.admin.views.main import ChangeList
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import Q, QuerySet, prefetch_related_objects
from django.forms import ModelForm
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import URLPattern, path
from django.utils import timezone
from django.utils.html import format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext_lazy
from django_countries.filters import CountryFilter

from accounts.staff import staff_member
from affiliates import affiliate_search, applications, fields, profile
from affiliates.admin_fields import STATE_COLORS, render_link
from affiliates.affiliate_filter import MAX_MATCHED, match_affiliate
from affiliates.models import Affiliate, Channel
from lib.admin.picker import Suggestion, build_picker_response
from lib.admin.staff_action import StaffPage
from lib.typed import display
from messaging.admin.conversations import build_write_url
from payouts.admin.csv_import import serve_import
from portal.admin.affiliate_import import AffiliateImport
from portal.admin.affiliate_page import AffiliatePageAdmin
from portal.admin.applications import ApplicationActions, lists_applications
from portal.admin.list_filters import ApplicationFilter
from portal.admin.participation import ParticipationActions
from portal.admin.staff_notes import StaffNotesMixin, TagFilter


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
class AffiliateAdmin(ApplicationActions, ParticipationActions, StaffNotesMixin, AffiliatePageAdmin):
    form = ProfileForm
    list_display = (
        "applied_at",
        "code",
        "name",
        "country_name",
        "state_label",
        "email_confirmed",
        "channel_links",
        "tag_names",
    )
    list_display_links = ("applied_at", "code", "name")
    list_filter = (ApplicationFilter, "state", TagFilter, ("country", CountryFilter))
    list_filter_submit = True
    list_per_page = 20
    search_fields = ("code", "name", "user__email", "channels__address")
    show_full_result_count = False
    fields = (
        *("name", "country", "time_zone", "code", "email", "email_confirmed"),
        *("state", "state_since", "applied_at", "notice_ends_at"),
    )
    readonly_fields = ("code", "email", "email_confirmed", "state", "state_since", "applied_at", "notice_ends_at")
    actions = ("approve_selected", "reject_selected", "add_tags_selected", "remove_tags_selected")
    actions_list = ("import_file",)
    actions_detail = (
        "approve",
        "reject",
        "write_message",
        "open_review",
        "suspend",
        "reinstate",
        "give_notice",
        "revoke_notice",
        "hold_payouts",
        "release_payouts",
        "edit_tags",
        "add_note",
        "request_erasure",
    )

    def get_queryset(self, request: HttpRequest) -> QuerySet[Affiliate]:
        affiliates: QuerySet[Affiliate] = super().get_queryset(request)
        return affiliates.select_related("user").annotate(confirmed=applications.has_confirmed_email())

    def get_changelist_instance(self, request: HttpRequest) -> ChangeList:
        """Read the rows of other tables that the list shows for all affiliates at once."""
        changes: ChangeList = super().get_changelist_instance(request)
        changes.result_list = list(changes.result_list)
        answers = ("application_answers",) if lists_applications(request) else ()
        prefetch_related_objects(changes.result_list, "channels", "tags", *answers)
        return changes

    def build_search(self, text: str) -> Q:
        channels = Channel.objects.filter(address__icontains=text).order_by().values_list("affiliate", flat=True)
        return match_affiliate(text, "pk") | Q(pk__in=list(channels[:MAX_MATCHED]))

    @display(description=gettext_lazy("state"), ordering="state", label=STATE_COLORS)
    def state_label(self, affiliate: Affiliate) -> tuple[str, str]:
        return affiliate.state, affiliate.state_text

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

    @admin.display(description=gettext_lazy("tags"))
    def tag_names(self, affiliate: Affiliate) -> str:
        return ", ".join(tag.name for tag in affiliate.tags.all())

    @StaffPage(gettext_lazy("Import a CSV file"), permission="affiliates.import_affiliates")
    def import_file(self, request: HttpRequest) -> HttpResponse:
        """Map the columns of a file of affiliates, preview them, then import all of them."""
        return serve_import(self, request, AffiliateImport())

    def get_urls(self) -> list[URLPattern]:
        pages = (("suggest", self.suggest), ("suggest_tags", self.suggest_tags))
        own = [
            path(f"{name.replace('_', '-')}/", self.admin_site.admin_view(view), name=f"affiliates_affiliate_{name}")
            for name, view in pages
        ]
        return [*own, *super().get_urls()]

    def suggest(self, request: HttpRequest) -> HttpResponse:
        """Answer a picker with the affiliates that match the text `q`."""
        if not self.has_view_permission(request):
            raise PermissionDenied
        found = affiliate_search.search_affiliates(request.GET.get("q", ""))
        return build_picker_response(Suggestion(one.code, str(one), f"{one.email}, {one.state_text}") for one in found)

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

    @StaffPage(gettext_lazy("Write a message"), permission="messaging.answer_conversation", rows=Q(erased_at=None))
    def write_message(self, request: HttpRequest, object_id: str) -> HttpResponse:
        return HttpResponseRedirect(build_write_url(get_object_or_404(Affiliate, pk=object_id)))
