"""Announcements in the admin: drafting, looking at the readers, testing, sending once (specification 10)."""

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import admin, messages
from django.core.exceptions import ValidationError
from django.db.models import Model, Q
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from django_countries import countries
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminSelectMultipleWidget,
    UnfoldAdminTextareaWidget,
)

from accounts.staff import staff_member
from affiliates.models import AffiliateTag, Channel
from lib.admin.bases import BaseAdmin
from lib.admin.pages import render_admin_page
from lib.admin.staff_action import StaffAction, StaffPage
from lib.typed import display
from mail.rendering import render
from messaging import announcements, audiences
from messaging.models import Announcement
from messaging.texts import TEXT_LENGTH, clean_subject, clean_text

STATE_COLORS = {"draft": "warning", "sending": "info", "sent": "success", "discarded": "default"}
# Of the readers on the preview, which links to each.
READERS_LISTED = 100
DRAFT = Q(state=Announcement.State.DRAFT)


class AnnouncementForm(forms.ModelForm):  # type: ignore[type-arg]  # not generic at run time
    text = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=TEXT_LENGTH,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 12}),
        help_text=gettext_lazy("Plain text. An announcement is optional reading: affiliates may turn its e-mail off."),
    )
    states = forms.MultipleChoiceField(
        label=gettext_lazy("States"),
        required=False,
        choices=[(state.value, state.label) for state in audiences.STATES],
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("None chosen: active affiliates."),
    )
    countries = forms.MultipleChoiceField(
        label=gettext_lazy("Countries"),
        required=False,
        choices=lambda: list(countries),
        widget=UnfoldAdminSelectMultipleWidget(attrs={"size": 12}),
        help_text=gettext_lazy("None chosen: all countries."),
    )
    channel_kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Approved channels"),
        required=False,
        choices=Channel.Kind.choices,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
        help_text=gettext_lazy("None chosen: any channel."),
    )

    tags = forms.TypedMultipleChoiceField(
        label=gettext_lazy("Tags"),
        required=False,
        coerce=UUID,
        choices=lambda: list(
            AffiliateTag.objects.filter(affiliates__isnull=False).distinct().values_list("pk", "name")
        ),
        widget=UnfoldAdminSelectMultipleWidget,
        help_text=gettext_lazy("None chosen: with or without tags. Else everyone who has one of them."),
    )

    class Meta:
        model = Announcement
        fields = announcements.DRAFT_FIELDS

    def clean(self) -> dict[str, Any]:
        answers: dict[str, Any] = super().clean() or {}
        for name, clean in (("subject", clean_subject), ("text", clean_text)):
            try:
                answers[name] = clean(answers.get(name) or "")
            except ValidationError as error:
                if name not in self.errors:
                    self.add_error(None, error)
        return answers


def describe_readers(announcement: Announcement) -> str:
    """Return how many affiliates would get the announcement now, and the names of the first of them."""
    readers = audiences.select_readers(announcement, now=timezone.now())
    number, names = readers.count(), audiences.list_first_names(readers)
    if not number:
        return _("The filters select no affiliate, so there is no one to send this to.")
    text = ngettext("%(number)d affiliate gets it: %(names)s", "%(number)d affiliates get it: %(names)s", number)
    more = " …" if number > len(names) else "."
    filters = _("Chosen: %(filters)s.") % {"filters": audiences.describe_filters(announcement)}
    named = text % {"number": number, "names": ", ".join(names)} + more
    return f"{named} {filters} {_('It can’t be changed afterwards.')}"


@admin.register(Announcement)
class AnnouncementAdmin(BaseAdmin):
    form = AnnouncementForm
    list_display = ("subject", "state_label", "created_at", "sent_at", "recipients")
    list_filter = ("state",)
    list_filter_submit = True
    list_per_page = 50
    search_fields = ("subject", "text")
    show_full_result_count = False
    ordering = ("-pk",)
    fields = (*announcements.DRAFT_FIELDS, "state", "created_at", "created_by", "sent_at", "sent_by", "recipients")
    readonly_fields = ("chosen", "state", "created_at", "created_by", "sent_at", "sent_by", "recipients")
    # The one that cannot be taken back stands apart from the one to discard.
    actions_detail = ("discard", "preview", "send_test", "send")
    add_label = gettext_lazy("New announcement")
    # The main button of the form leads on to the preview.
    saves_for_preview = True

    @admin.display(description=gettext_lazy("recipients"), ordering="readers")
    def recipients(self, announcement: Announcement) -> int:
        return announcement.readers

    @display(description=gettext_lazy("state"), ordering="state", label=STATE_COLORS)
    def state_label(self, announcement: Announcement) -> tuple[str, str]:
        return announcement.state, announcement.get_state_display()

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> Any:
        if obj is None:
            return announcements.DRAFT_FIELDS
        is_draft = isinstance(obj, Announcement) and obj.state == Announcement.State.DRAFT
        filters = announcements.FILTER_FIELDS
        return ["chosen", *(name for name in self.fields if is_draft or name not in filters)]

    @display(description=gettext_lazy("for whom"))
    def chosen(self, announcement: Announcement) -> str:
        """Name the filters that are stored: a list of countries shows a few of them at a time."""
        return audiences.describe_filters(announcement)

    def response_add(self, request: HttpRequest, obj: Announcement, post_url_continue: Any = None) -> HttpResponse:
        return self._open_preview(request, obj) or super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: Announcement) -> HttpResponse:
        response: HttpResponse = self._open_preview(request, obj) or super().response_change(request, obj)
        return response

    def _open_preview(self, request: HttpRequest, announcement: Announcement) -> HttpResponse | None:
        if "_preview" not in request.POST:
            return None
        messages.success(request, _("Draft saved. Nothing has been sent."))
        return HttpResponseRedirect(reverse("admin:messaging_announcement_preview", args=[announcement.pk]))

    def has_change_permission(self, request: HttpRequest, obj: Announcement | None = None) -> bool:
        is_final = obj is not None and obj.state != Announcement.State.DRAFT
        return not is_final and bool(super().has_change_permission(request, obj))

    def has_delete_permission(self, request: HttpRequest, obj: Announcement | None = None) -> bool:
        return False

    def save_model(self, request: HttpRequest, obj: Announcement, form: AnnouncementForm, change: bool) -> None:
        saved = announcements.save_draft(
            announcement=obj if change else None,
            answers=form.cleaned_data,
            now=timezone.now(),
            by=staff_member(request),
        )
        obj.pk = saved.pk
        obj._state.adding = False

    @StaffPage(gettext_lazy("Preview"), permission="messaging.view_announcement", rows=DRAFT, variant="primary")
    def preview(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show who would get the announcement now, and the e-mail."""
        announcement = get_object_or_404(Announcement, pk=object_id)
        readers = audiences.select_readers(announcement, now=timezone.now())
        context = announcements.build_context(announcement) | {"name": _("(name of the affiliate)")}
        return render_admin_page(
            self,
            request,
            "admin/messaging/preview.html",
            _("Preview of “%s”") % announcement,
            announcement=announcement,
            number=readers.count(),
            filters=audiences.describe_filters(announcement),
            readers=readers.order_by("name", "pk")[:READERS_LISTED],
            may_send=request.user.has_perm("messaging.send_announcement"),
            email=render(kind="announcement", context=context),
        )

    send_test = StaffAction(
        gettext_lazy("Send me a test"),
        permission="messaging.send_announcement",
        rows=DRAFT,
        do=lambda announcement, _answers, now, by: announcements.send_test(announcement=announcement, now=now, by=by),
        explanation=gettext_lazy("The e-mail is sent to your own address alone."),
        success=gettext_lazy("The test is on its way to you."),
    )
    send = StaffAction(
        gettext_lazy("Send"),
        permission="messaging.send_announcement",
        rows=DRAFT,
        do=lambda announcement, _answers, now, by: announcements.send(announcement=announcement, now=now, by=by),
        title=lambda announcement: _("Send “%s”") % announcement,
        explanation=describe_readers,
        success=gettext_lazy("The announcement is being sent."),
        variant="primary",
    )
    discard = StaffAction(
        gettext_lazy("Discard"),
        permission="messaging.change_announcement",
        rows=DRAFT,
        do=lambda announcement, _answers, now, by: announcements.discard(announcement=announcement, now=now, by=by),
        explanation=gettext_lazy("It stays in the list and can no longer be sent."),
        success=gettext_lazy("Announcement discarded."),
        variant="danger",
    )
