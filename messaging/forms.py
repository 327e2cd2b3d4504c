"""Forms in which affiliates write to the program."""

from django import forms
from django.utils.translation import gettext_lazy as _

from messaging.models.conversation import SUBJECT_LENGTH
from messaging.texts import TEXT_LENGTH


class AnswerForm(forms.Form):
    text = forms.CharField(label=_("Your message"), max_length=TEXT_LENGTH, widget=forms.Textarea(attrs={"rows": 8}))


class NewConversationForm(AnswerForm):
    subject = forms.CharField(label=_("Subject"), max_length=SUBJECT_LENGTH)
    field_order = ("subject", "text")
