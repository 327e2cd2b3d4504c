"""Forms in which staff upload and change creatives. `creatives.library` validates their values."""

from typing import Any

from django import forms
from django.conf import global_settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminCheckboxSelectMultipleWidget,
    UnfoldAdminFileFieldWidget,
    UnfoldAdminSelectWidget,
    UnfoldAdminSplitDateTimeWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
)

from affiliates.models import Channel
from creatives.images import MAX_BYTES, MAX_KIBIBYTES, MAX_SIDE
from creatives.library import MAX_BODY
from creatives.snippets import PLACEHOLDER
from tracking.links.addresses import MAX_LENGTH

LANGUAGES = [("", gettext_lazy("every language")), *global_settings.LANGUAGES]


def _build_time_field(label: Any, help_text: Any, *, required: bool = False) -> forms.SplitDateTimeField:
    return forms.SplitDateTimeField(
        label=label, required=required, help_text=help_text, widget=UnfoldAdminSplitDateTimeWidget
    )


class ChangeForm(forms.Form):
    title = forms.CharField(
        label=gettext_lazy("Title"),
        max_length=100,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("The name by which affiliates find it, and of their link in reports."),
    )
    channel_kinds = forms.MultipleChoiceField(
        label=gettext_lazy("Channel types"),
        choices=Channel.Kind.choices,
        initial=Channel.Kind.values,
        widget=UnfoldAdminCheckboxSelectMultipleWidget,
    )
    active_from = _build_time_field(gettext_lazy("Active from (UTC)"), "", required=True)
    active_until = _build_time_field(gettext_lazy("Active until (UTC)"), gettext_lazy("Empty for no end."))
    field_order: tuple[str, ...] = ("title", "channel_kinds")


class _UploadForm(ChangeForm):
    target = forms.CharField(
        label=gettext_lazy("Landing page"),
        max_length=MAX_LENGTH,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("The full URL of the shop's page to which the creative leads."),
    )
    language = forms.ChoiceField(
        label=gettext_lazy("Language"), choices=LANGUAGES, required=False, widget=UnfoldAdminSelectWidget
    )
    active_from = _build_time_field(gettext_lazy("Active from (UTC)"), gettext_lazy("Empty for now."))


class BannerForm(_UploadForm):
    image = forms.FileField(
        label=gettext_lazy("Image"),
        widget=UnfoldAdminFileFieldWidget,
        error_messages={"required": gettext_lazy("Choose a file.")},
    )
    alternative_text = forms.CharField(
        label=gettext_lazy("Alternative text"),
        max_length=200,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("What the image says, for readers who don't see it."),
    )
    field_order = ("title", "image", "alternative_text", "target", "channel_kinds", "language")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        text = _("PNG, JPEG, WebP or GIF of at most %(size)d KiB and %(side)d × %(side)d pixels.")
        self.fields["image"].help_text = text % {"size": MAX_KIBIBYTES, "side": MAX_SIDE}

    def clean_image(self) -> bytes:
        """Return the content of the file."""
        file = self.cleaned_data["image"]
        if file.size > MAX_BYTES:
            raise ValidationError(_("The image is larger than %(most)d KiB.") % {"most": MAX_KIBIBYTES})
        content: bytes = file.read()
        return content


class TextForm(_UploadForm):
    body = forms.CharField(
        label=gettext_lazy("Text"),
        max_length=2 * MAX_BODY,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 6}),
        initial=PLACEHOLDER,
        help_text=gettext_lazy("Write {link} once, where the affiliate's link belongs."),
    )
    field_order = ("title", "body", "target", "channel_kinds", "language")
