"""The forms of shop connections: added, their settings, secrets and API key."""

import json
from collections.abc import Collection, Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import (
    UnfoldAdminSelectWidget,
    UnfoldAdminTextareaWidget,
    UnfoldAdminTextInputWidget,
    UnfoldBooleanWidget,
)

from agreements.category_names import load_category_names
from lib.admin.actions import UsualReasonForm
from lib.formatting import format_percent
from payouts.commissions.rates import RateCard
from shops.connectors.registry import CONNECTORS
from shops.models import Completion, Connection, Platform
from shops.unrated_categories import get_current_rate_card

_SECRET_HELP = gettext_lazy(
    "Paste the secret that the shop shows. Leave it empty for a shop that takes any secret: one is generated and shown once."
    " Leave it empty, too, if the shop shows its secret only once it has the webhook address, and replace it then."
)


def _build_secret_field(**options: Any) -> forms.CharField:
    attributes = {"autocomplete": "off", "spellcheck": "false"}
    return forms.CharField(required=False, widget=UnfoldAdminTextInputWidget(attrs=attributes), **options)


class CreateConnectionForm(UsualReasonForm):
    usual_reason = gettext_lazy("A shop is connected.")
    field_order = ("platform", "name", "prefix", "secret", "reason")

    platform = forms.ChoiceField(label=gettext_lazy("Platform"), widget=UnfoldAdminSelectWidget)
    name = forms.CharField(
        label=gettext_lazy("Name"),
        max_length=60,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("What staff call the shop, such as “German shop”."),
    )
    prefix = forms.CharField(  # type: ignore[assignment]  # declared fields don't become attributes
        label=gettext_lazy("Prefix of order ids"),
        required=False,
        max_length=12,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy(
            "Up to 12 letters and digits that begin the id of each of its orders; it can't be changed later. Leave it"
            " empty to make one from the name."
        ),
    )
    secret = _build_secret_field(label=gettext_lazy("Secret"), help_text=_SECRET_HELP)

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        platforms = [(Platform(one).value, Platform(one).label) for one in CONNECTORS]
        self.fields["platform"].choices = [("", _("Choose the shop's platform")), *platforms]  # type: ignore[attr-defined]  # a choice field


class SecretForm(UsualReasonForm):
    usual_reason = gettext_lazy("The secret is replaced.")
    field_order = ("secret", "reason")

    secret = _build_secret_field(label=gettext_lazy("New secret"), help_text=_SECRET_HELP)


class ApiKeyForm(UsualReasonForm):
    """For a platform whose API has the same address for all shops."""

    usual_reason = gettext_lazy("The API key is changed.")
    field_order = ("api_url", "api_key", "reason")

    api_key = _build_secret_field(
        label=gettext_lazy("API key"),
        help_text=gettext_lazy("A key that can only read. It is stored encrypted. Leave it empty to remove the key."),
    )


class ApiAddressForm(ApiKeyForm):
    api_url = forms.CharField(
        label=gettext_lazy("Address of the shop"),
        required=False,
        max_length=300,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Such as https://shop.example.com, in Shopify https://your-shop.myshopify.com."),
    )


class RequeueForm(UsualReasonForm):
    usual_reason = gettext_lazy("The cause was fixed.")


class PauseForm(UsualReasonForm):
    usual_reason = gettext_lazy("The connection is paused.")


class ResumeForm(UsualReasonForm):
    usual_reason = gettext_lazy("The connection is resumed.")


class CompletionForm(UsualReasonForm):
    usual_reason = gettext_lazy("The settings are changed.")

    completion = forms.ChoiceField(
        label=gettext_lazy("An order is completed"), choices=Completion.choices, widget=UnfoldAdminSelectWidget
    )
    completion_days = forms.IntegerField(
        label=gettext_lazy("Days"),
        min_value=1,
        max_value=365,
        widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("Counts only with “a number of days after it is paid”."),
    )


class PairsField(forms.CharField):
    """A mapping of texts, one `name: value` a line."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        if isinstance(value, Mapping):
            return "\n".join(f"{name}: {one}" for name, one in value.items())
        return value

    def clean(self, value: Any) -> dict[str, str]:
        pairs: dict[str, str] = {}
        for line in filter(None, map(str.strip, str(super().clean(value) or "").splitlines())):
            name, colon, one = line.partition(":")
            if not (colon and name.strip() and one.strip()):
                message = _("“%(line)s” is not a name and a value divided by a colon.")
                raise ValidationError(message % {"line": line[:100]})
            pairs[name.strip()] = one.strip()
        return pairs


class LinesField(forms.CharField):
    """A list of texts, one a line."""

    widget = UnfoldAdminTextareaWidget(attrs={"rows": 4})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(map(str, value)) if isinstance(value, (list, tuple)) else value

    def clean(self, value: Any) -> list[str]:
        return [line for line in map(str.strip, str(super().clean(value) or "").splitlines()) if line]


def list_rate_choices(card: RateCard | None, others: Collection[str] = ()) -> list[tuple[str, str]]:
    """Return the categories of the rate card by their names, and `others` that are chosen though it has no such rate."""
    names, rates = load_category_names(), card.rates if card else {}
    listed = [(code, f"{names[code]} ({format_percent(percent)})") for code, percent in rates.items()]
    return [*listed, *((code, names[code]) for code in sorted(set(others) - rates.keys() - {""}))]


def build_settings_form(connection: Connection) -> tuple[type[forms.Form], dict[str, Any], list[str]]:
    """Return the form of the connection's settings, its initial values, and the names of the platform's options."""
    connector = CONNECTORS.get(Platform(connection.platform))
    defaults = dict(connector.default_options) if connector else {}
    if connector and connector.options_form:
        options_form = connector.options_form
    else:
        fields = {name: _build_option_field(name, value) for name, value in defaults.items()}
        if "category" in fields:
            fields["category"] = _build_category_field(connection)
        options_form = type("OptionsForm", (forms.Form,), fields)
    names = list(options_form.base_fields)
    order = ("completion", "completion_days", *names, "reason")
    form = type("SettingsForm", (CompletionForm, options_form), {"field_order": order})
    initial = {"completion": connection.completion, "completion_days": connection.completion_days}
    return form, defaults | connection.options | initial, names


class _Json(json.JSONEncoder):
    """JSON as staff read it."""

    def __init__(self, **options: Any) -> None:
        super().__init__(**options | {"indent": 2, "ensure_ascii": False})


def _build_option_field(name: str, value: Any) -> forms.Field:
    common: dict[str, Any] = {"label": name.replace("_", " ").capitalize(), "required": False}
    if isinstance(value, bool):
        return forms.BooleanField(widget=UnfoldBooleanWidget, **common)
    if isinstance(value, int):
        return forms.IntegerField(widget=UnfoldAdminTextInputWidget, **common | {"required": True})
    if isinstance(value, (list, tuple)):
        return LinesField(help_text=_("One on each line."), **common)
    if isinstance(value, Mapping) and all(isinstance(one, str) for one in value.values()):
        return PairsField(help_text=_("One on each line, as name: value."), **common)
    if isinstance(value, Mapping):
        return forms.JSONField(encoder=_Json, widget=UnfoldAdminTextareaWidget, **common)
    return forms.CharField(max_length=500, widget=UnfoldAdminTextInputWidget, **common)


def _build_category_field(connection: Connection) -> forms.Field:
    """Return the field of the category that lines get whose own categories are not mapped."""
    choices = list_rate_choices(get_current_rate_card(timezone.now()), [str(connection.options.get("category") or "")])
    return forms.ChoiceField(
        label=_("Category"), required=False, widget=UnfoldAdminSelectWidget,
        choices=[("", _("everything else")), *choices], help_text=_("Of order lines whose own category is not mapped."),
    )  # fmt: skip


class CategoryForm(forms.Form):
    """A row of the table of categories."""

    shop_category = forms.CharField(
        label=gettext_lazy("Category in the shop"), max_length=300, widget=forms.HiddenInput, strip=False
    )
    category = forms.ChoiceField(required=False, widget=UnfoldAdminSelectWidget, label=gettext_lazy("Category"))
    position = forms.IntegerField(
        required=False, min_value=1, max_value=9_999, widget=UnfoldAdminTextInputWidget, label=gettext_lazy("Position")
    )

    def __init__(self, *args: Any, choices: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if "shop_category" not in self.initial:
            self.fields["shop_category"].widget = UnfoldAdminTextInputWidget()
        for name in ("category", "position"):
            field = self.fields[name]
            field.widget.attrs["aria-label"] = f"{field.label}: {self.initial.get('shop_category', '')}"
        current = self.initial.get("category") or ""
        known = choices if current in dict(choices) else [*choices, (current, current)]
        self.fields["category"].choices = known  # type: ignore[attr-defined]  # a choice field
