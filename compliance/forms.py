"""Forms of review pages and of the public abuse report."""

from typing import Any

from django import forms
from django.core.files.uploadedfile import UploadedFile
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from compliance.reviews.evidence_files import MAX_BYTES, MAX_FILES, MAX_MEGABYTES, describe_oversize
from compliance.reviews.replies import MAX_CHARACTERS
from lib.fields import EmailFormField


class MultipleFileInput(forms.FileInput):
    allow_multiple_selected = True


class MultipleFileField(forms.FileField):
    """Any number of files up to MAX_FILES; too large or too many are rejected before they are read."""

    widget = MultipleFileInput(attrs={"accept": ".png,.jpg,.jpeg,.pdf,.txt"})

    def clean(self, data: Any, initial: Any = None) -> "list[UploadedFile[Any]]":
        files = [super(MultipleFileField, self).clean(file) for file in data or []]
        if len(files) > MAX_FILES:
            raise forms.ValidationError(_("Attach at most %(most)d files.") % {"most": MAX_FILES})
        for file in files:
            if file.size > MAX_BYTES:
                raise forms.ValidationError(describe_oversize(file.name or ""))
        return files


class ReplyForm(forms.Form):
    text = forms.CharField(label=_("Your reply"), max_length=MAX_CHARACTERS, widget=forms.Textarea(attrs={"rows": 8}))
    files = MultipleFileField(  # type: ignore[assignment]  # Form.files has another type
        label=_("Files"),
        required=False,
        help_text=format_lazy(
            _("Up to {files} files of {megabytes} MB each, as PNG, JPEG, PDF or plain text."),
            files=MAX_FILES,
            megabytes=MAX_MEGABYTES,
        ),
    )

    @property
    def contents(self) -> list[tuple[str, bytes]]:
        """Return the files as pairs of name and content."""
        return [(file.name or "", file.read()) for file in self.cleaned_data["files"]]


class AnswerForm(ReplyForm):
    """Asks for the answer to a question of staff."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        # The form of the reply may be on the same page.
        self.auto_id = "answer_%s"
        self.fields["text"].label = _("Your answer")


class AppealForm(forms.Form):
    text = forms.CharField(
        label=_("Why you disagree with the decision"),
        max_length=MAX_CHARACTERS,
        widget=forms.Textarea(attrs={"rows": 8}),
    )


class AbuseReportForm(forms.Form):
    page_url = forms.URLField(
        label=_("Page address"),
        max_length=500,
        required=False,
        assume_scheme="https",
        help_text=_("The page, post or advertisement where you saw it."),
    )
    link_or_coupon = forms.CharField(
        label=_("Link or coupon code"),
        max_length=200,
        required=False,
        help_text=_("The link or coupon code that was promoted, if you have it. It helps us find the affiliate."),
    )
    text = forms.CharField(label=_("What happened"), max_length=5000, widget=forms.Textarea(attrs={"rows": 6}))
    email = EmailFormField(
        label=_("Your e-mail address"),
        required=False,
        help_text=_("In case we have questions. We never show it to the affiliate."),
    )
