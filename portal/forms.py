"""The forms of the portal and how they are rendered."""

from collections.abc import Sequence
from typing import Any, cast

from allauth.account.forms import SignupForm
from django import forms
from django.conf import settings
from django.db import transaction
from django.forms.renderers import TemplatesSetting
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.text import format_lazy
from django.utils.translation import get_language
from django.utils.translation import gettext_lazy as _
from django_countries import countries

from accounts.forms import CleanEmailMixin
from accounts.models import User
from affiliates import applications
from affiliates.models import Affiliate, ApplicationQuestion, Channel
from affiliates.models.application import MAX_ANSWER_LENGTH, QUESTION_PREFIX
from agreements.clauses import cite_clause
from agreements.models import AgreementVersion
from agreements.rules import Rule
from lib.ids import uuid7
from lib.text import clean_name
from lib.time_zones import list_time_zones
from mail.unsubscription import OPTIONAL_KINDS
from portal.notification_settings import list_muted_emails

CHANNEL_ROWS = 5

# The optional e-mails, as the page of notifications names them.
OPTIONAL_LABELS = {
    "first_commission": _("My first commission"),
    "sale": format_lazy(
        _("Each new commission, at most {number} e-mails an hour; the last names all that are left"),
        number=settings.SALE_EMAILS_PER_HOUR,
    ),
    "weekly_digest": _("My figures of the week, on Monday morning"),
    "target_at_risk": _("My sales target is at risk"),
    "month_closed": _("Monthly close with my statement"),
    "announcement": _("Announcements of the program, which are in my notifications in any case"),
}


class FormRenderer(TemplatesSetting):
    """Renders each field of every form with its label, help text and errors beside it."""

    form_template_name = "forms/form.html"
    field_template_name = "forms/field.html"


class ChannelForm(forms.Form):
    kind = forms.ChoiceField(label=_("Kind"), choices=[("", _("Choose…")), *Channel.Kind.choices], required=False)
    address = forms.URLField(
        label=_("Address"),
        max_length=500,
        required=False,
        assume_scheme="https",
        widget=forms.URLInput(attrs={"placeholder": "https://", "autocomplete": "off"}),
    )

    def clean(self) -> dict[str, Any]:
        values = super().clean() or {}
        if values.get("address") and not values.get("kind"):
            self.add_error("kind", _("Choose the kind of channel."))
        if values.get("kind") and not values.get("address") and "address" not in self.errors:
            self.add_error("address", _("Enter the address of the channel."))
        return values

    @property
    def pair(self) -> tuple[str, str] | None:
        """Return the kind and the address, or None if the row was left empty."""
        values = self.cleaned_data
        return (values["kind"], values["address"]) if values.get("kind") and values.get("address") else None


class BaseChannelRows(forms.BaseFormSet):  # type: ignore[type-arg]  # the class takes no argument at run time
    """Always has CHANNEL_ROWS rows, whatever number the request claims; a row that was not sent is empty."""

    def total_form_count(self) -> int:
        return CHANNEL_ROWS


ChannelRows = forms.formset_factory(ChannelForm, BaseChannelRows)


class ApplyForm(CleanEmailMixin, SignupForm):  # type: ignore[misc]  # django-allauth has no types
    """An application and its account, which are stored together or not at all."""

    name = forms.CharField(
        label=_("Your name or company"), max_length=200, widget=forms.TextInput(attrs={"autocomplete": "name"})
    )
    country = forms.ChoiceField(
        label=_("Country"),
        choices=lambda: [("", _("Choose…")), *countries],
        widget=forms.Select(attrs={"autocomplete": "country"}),
    )
    field_order = ("name", "country", "email", "password1", "password2")

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["email"].widget.attrs.pop("placeholder", None)
        for name in ("password1", "password2"):
            self.fields[name].widget.attrs.pop("placeholder", None)
        for question in ApplicationQuestion.objects.active():
            self.fields[question.field_name] = forms.CharField(
                label=question.local_text,
                max_length=MAX_ANSWER_LENGTH,
                required=question.is_required,
                widget=forms.Textarea(attrs={"rows": 3}),
                error_messages={"required": _("Answer this question.")},
            )
        self.channels = ChannelRows(self.data if self.is_bound else None, prefix="channels")

    @property
    def questions(self) -> list[forms.BoundField]:
        """The fields of the questions that staff ask."""
        return [self[name] for name in self.fields if name.startswith(QUESTION_PREFIX)]

    def is_valid(self) -> bool:
        # Both are validated, so that all errors are shown at once.
        fields_are_valid, rows_are_valid = super().is_valid(), self.channels.is_valid()
        if rows_are_valid and not self.pairs():
            self.channels.forms[0].add_error("address", _("Enter at least one channel."))
            return False
        return bool(fields_are_valid and rows_are_valid)

    def pairs(self) -> list[tuple[str, str]]:
        return [form.pair for form in self.channels.forms if form.pair]

    def try_save(self, request: HttpRequest) -> tuple[User | None, HttpResponse | None]:
        """Store the application. If the address has an account, do the same work and store nothing.

        The time of the response and its errors must not tell whether there is an account.
        """
        if self.account_already_exists:
            self._save_and_roll_back(request)
        result: tuple[User | None, HttpResponse | None] = super().try_save(request)
        return result

    def _save_and_roll_back(self, request: HttpRequest) -> None:
        email = self.cleaned_data["email"]
        self.cleaned_data["email"], self.account_already_exists = f"{uuid7()}@example.invalid", False
        try:
            with transaction.atomic():
                self.save(request)
                transaction.set_rollback(True)
        finally:
            self.cleaned_data["email"], self.account_already_exists = email, True

    def save(self, request: HttpRequest) -> User:
        with transaction.atomic():
            user: User = super().save(request)
            user.name = clean_name(self.cleaned_data["name"])
            user.save(update_fields=["name"])
            now = timezone.now()
            applications.apply(
                user=user,
                name=self.cleaned_data["name"],
                country=self.cleaned_data["country"],
                channels=self.pairs(),
                now=now,
                answers={name: text for name, text in self.cleaned_data.items() if name.startswith(QUESTION_PREFIX)},
                clause=cite_clause(AgreementVersion.objects.get_in_force(now), Rule.ELIGIBILITY),
                language=(get_language() or "") if len(settings.LANGUAGES) > 1 else "",
            )
        return user


class ProfileForm(forms.Form):
    name = forms.CharField(label=_("Name"), max_length=200)
    country = forms.ChoiceField(label=_("Country"), choices=lambda: list(countries))
    time_zone = forms.ChoiceField(
        label=_("Time zone"),
        help_text=_(
            "E-mails to you show times in this zone. Pages show them in the program’s time zone, which the months of"
            " statements follow."
        ),
    )
    language = forms.ChoiceField(label=_("Language"), required=False, help_text=_("Used for your pages and e-mails."))

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._set_choices("time_zone", [(zone, zone) for zone in list_time_zones()])
        self._set_choices("language", [("", _("same as my browser")), *settings.LANGUAGES])
        if len(settings.LANGUAGES) == 1:
            del self.fields["language"]

    def _set_choices(self, field: str, choices: Sequence[tuple[str, str | Promise]]) -> None:
        cast("forms.ChoiceField", self.fields[field]).choices = choices


class NotificationsForm(forms.Form):
    wanted = forms.MultipleChoiceField(
        label=_("Send me an e-mail about"),
        required=False,
        choices=[(kind, OPTIONAL_LABELS[kind]) for kind in OPTIONAL_KINDS],
        widget=forms.CheckboxSelectMultiple,
    )

    @classmethod
    def for_affiliate(cls, affiliate: Affiliate) -> "NotificationsForm":
        muted = list_muted_emails(affiliate)
        return cls(initial={"wanted": [kind for kind in OPTIONAL_KINDS if kind not in muted]})


class LeaveForm(forms.Form):
    reason = forms.CharField(
        label=_("Why are you leaving?"), required=False, max_length=1000, widget=forms.Textarea(attrs={"rows": 3})
    )
    sure = forms.BooleanField(label=_("Yes, I want to leave the program."))


class ErasureForm(forms.Form):
    sure = forms.BooleanField(label=_("I understand that this cannot be undone."))
