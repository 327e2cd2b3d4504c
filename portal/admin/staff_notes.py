"""Actions of the admin of affiliates that add private notes, and add or remove tags."""

from typing import Any

from django import forms
from django.contrib import admin
from django.core.exceptions import PermissionDenied, ValidationError
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext
from unfold.widgets import UnfoldAdminTextareaWidget

from accounts.staff import staff_member
from affiliates import staff_notes
from affiliates.models import Affiliate, AffiliateTag
from lib.admin.actions import UsualReasonForm, run_action
from lib.admin.picker import PickerInput, Suggestion, build_picker_response
from lib.admin.staff_action import StaffAction, StaffPage

TAGS_URL = "admin:affiliates_affiliate_suggest_tags"
MAX_SUGGESTED = 20


class NoteForm(forms.Form):
    text = forms.CharField(
        label=gettext_lazy("Note"),
        max_length=staff_notes.MAX_CHARACTERS,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 5}),
    )


class TagsForm(UsualReasonForm):
    """Asks for tags; the affiliate's own are filled in."""

    usual_reason = gettext_lazy("Grouped by staff.")
    field_order = ("names", "reason")

    names = forms.CharField(
        label=gettext_lazy("Tags"),
        max_length=1000,
        required=False,
        widget=PickerInput(TAGS_URL, several=True),
        help_text=gettext_lazy("Short words, separated by commas. Only staff see them."),
    )

    def clean_names(self) -> list[str]:
        """Return the tags, each once."""
        try:
            return staff_notes.parse_tags(self.cleaned_data["names"])
        except ValidationError as error:
            raise ValidationError(error.messages) from None


class SomeTagsForm(TagsForm):
    """Asks for at least one tag."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["names"].required = True


class TagFilter(admin.SimpleListFilter):
    """Filters affiliates by one of the tags in use."""

    title = gettext_lazy("tag")
    parameter_name = "tag"

    def lookups(self, request: HttpRequest, model_admin: Any) -> list[tuple[str, str]]:
        """Return the tags that any affiliate has."""
        used = Affiliate.tags.through.objects.values("affiliatetag")
        names = AffiliateTag.objects.filter(pk__in=used).values_list("name", flat=True)
        return [(name, name) for name in names]

    def queryset(self, request: HttpRequest, queryset: QuerySet[Affiliate]) -> QuerySet[Affiliate]:
        """Return the affiliates that have the chosen tag."""
        name = self.value()
        return queryset.filter(tags__name=name) if name else queryset


class StaffNotesMixin:
    """Notes and tags, for the admin of affiliates."""

    add_note = StaffAction(
        gettext_lazy("Add a private note"),
        permission="affiliates.add_affiliatenote",
        form=NoteForm,
        do=lambda affiliate, answers, now, by: staff_notes.add_note(affiliate=affiliate, now=now, by=by, **answers),
        title=lambda affiliate: _("Add a private note about %s") % affiliate,
        explanation=gettext_lazy("Only staff can see the note. It cannot be changed later."),
        success=gettext_lazy("Note added."),
        icon="note_add",
    )
    add_tags = StaffAction(
        gettext_lazy("Add tags"),
        permission="affiliates.change_affiliatetag",
        form=SomeTagsForm,
        do=lambda affiliate, answers, now, by: staff_notes.add_tags(affiliate=affiliate, now=now, by=by, **answers),
        list_label=gettext_lazy("Add tags"),
        list_title=gettext_lazy("Add tags to %s"),
        list_success=lambda count: (
            ngettext("%(count)d affiliate tagged.", "%(count)d affiliates tagged.", count) % {"count": count}
        ),
    )
    remove_tags = StaffAction(
        gettext_lazy("Remove tags"),
        permission="affiliates.change_affiliatetag",
        form=SomeTagsForm,
        do=lambda affiliate, answers, now, by: staff_notes.remove_tags(affiliate=affiliate, now=now, by=by, **answers),
        list_label=gettext_lazy("Remove tags"),
        list_title=gettext_lazy("Remove tags from %s"),
        list_success=lambda count: (
            ngettext("Tags of %(count)d affiliate removed.", "Tags of %(count)d affiliates removed.", count)
            % {"count": count}
        ),
    )

    @StaffPage(gettext_lazy("Edit tags"), permission="affiliates.change_affiliatetag", icon="sell")
    def edit_tags(self, request: HttpRequest, object_id: str) -> HttpResponse:
        """Show the affiliate's tags in one field, and store what is left in it."""
        affiliate = get_object_or_404(Affiliate.objects.select_related("user"), pk=object_id)
        return run_action(
            request,
            self,  # type: ignore[arg-type]  # mixed into an admin
            TagsForm,
            _("Tags of %s") % affiliate,
            lambda answers: staff_notes.set_tags(
                affiliate=affiliate, now=timezone.now(), by=staff_member(request), **answers
            ),
            reverse("admin:affiliates_affiliate_change", args=[affiliate.pk]),
            success_message=_("Tags saved."),
            initial={"names": ", ".join(affiliate.tags.values_list("name", flat=True))},
        )

    def suggest_tags(self, request: HttpRequest) -> HttpResponse:
        """Answer the field of tags with those that begin with the text `q`."""
        if not request.user.has_perm("affiliates.view_affiliatetag"):
            raise PermissionDenied
        text = request.GET.get("q", "").replace("\0", "")[: staff_notes.MAX_TAG_LENGTH]
        found = AffiliateTag.objects.filter(name__istartswith=text)[:MAX_SUGGESTED]
        return build_picker_response(Suggestion(tag.name, tag.name, "") for tag in found)
