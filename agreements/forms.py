"""The form with which an affiliate accepts a version."""

from typing import Any

from django import forms
from django.conf import settings
from django.utils.translation import gettext as _

from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule


def build_box_label(version: AgreementVersion) -> str:
    """Return the label of the checkbox, which is stored with the record."""
    return _("I have read version %(version)s of the affiliate agreement of %(program)s, and I accept it.") % {
        "version": version.name,
        "program": settings.PROGRAM_NAME,
    }


def get_button_label() -> str:
    return _("Accept")


class AcceptForm(forms.Form):
    """A checkbox, never ticked in advance, with the language and SHA-256 of the text that the page showed."""

    box = forms.BooleanField()
    language = forms.CharField(max_length=10, required=False, widget=forms.HiddenInput)
    text_sha256 = forms.CharField(max_length=64, widget=forms.HiddenInput)

    def __init__(self, version: AgreementVersion, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        box = self.fields["box"]
        box.label = build_box_label(version)
        box.help_text = _(
            "By ticking this box and pressing Accept you enter into this agreement with us. We record the time, your IP"
            " address and your browser (clause %s), and send you a copy."
        ) % get_clause_number(version.pk, Rule.ACCEPTANCE)
        box.error_messages["required"] = _("Tick the box if you accept the agreement.")
