"""The form for the options of a generic connection: paths, amounts, statuses and signature (specification 11)."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminSelectWidget, UnfoldAdminTextareaWidget, UnfoldAdminTextInputWidget

from lib.text import clean_code
from lib.time_zones import list_time_zones
from shops.connectors.generic.options import (
    DEFAULT_PATHS,
    DEFAULTS,
    REQUIRED_PATHS,
    Amounts,
    GenericOptions,
    Price,
    Signature,
    Status,
    Unit,
)
from shops.connectors.generic.paths import InvalidPath, parse_path

MAX_WORDS = 100
MAX_WORD = 60
CHOICES: Mapping[str, tuple[Any, Any]] = {
    "signature": (gettext_lazy("Signature"), Signature.choices),
    "amounts": (gettext_lazy("Amounts are"), Amounts.choices),
    "price": (gettext_lazy("Each amount is"), Price.choices),
    "unit": (gettext_lazy("Amounts are written"), Unit.choices),
    "time_zone": (gettext_lazy("Time zone of times without one"), ()),
}
# The label and help of each path.
PATHS: Mapping[str, tuple[Any, Any]] = {
    "topic": (gettext_lazy("Type of event"), ""),
    "test": (gettext_lazy("Test order"), gettext_lazy("Orders with a value other than false or 0 are ignored.")),
    "order_id": (gettext_lazy("Order id"), gettext_lazy("One that never changes.")),
    "updated_at": (gettext_lazy("Changed at"), gettext_lazy("Without it, the event that arrives last counts.")),
    "placed_at": (gettext_lazy("Placed at"), ""),
    "paid_at": (gettext_lazy("Paid at"), gettext_lazy("Else the first event with a paid status.")),
    "completed_at": (gettext_lazy("Completed at"), gettext_lazy("Else the first event with a completed status.")),
    "status": (gettext_lazy("Status"), gettext_lazy("Without it, every order counts as paid.")),
    "cancelled": (gettext_lazy("Cancelled"), gettext_lazy("A time or flag, if the status does not say it.")),
    "currency": (gettext_lazy("Currency"), gettext_lazy('If the shop has only one, write it: ="USD"')),
    "click_id": (gettext_lazy("Click id"), ""),
    "coupons": (gettext_lazy("Coupon codes"), ""),
    "customer_ref": (gettext_lazy("Customer"), gettext_lazy("Id or email address; only a hash of it is kept.")),
    "customer_country": (gettext_lazy("Country"), ""),
    "lines": (gettext_lazy("Lines"), gettext_lazy("The list of products. The paths of a line begin with it.")),
    "line_id": (gettext_lazy("Line id"), gettext_lazy("Else the number of the line.")),
    "product_key": (gettext_lazy("Product id"), gettext_lazy("Finds the categories of a line that names none.")),
    "sku": (gettext_lazy("SKU"), ""),
    "title": (gettext_lazy("Title"), ""),
    "category": (gettext_lazy("Categories"), ""),
    "quantity": (gettext_lazy("Quantity"), ""),
    "amount": (gettext_lazy("Amount"), gettext_lazy("Without shipping.")),
    "tax": (gettext_lazy("Tax"), gettext_lazy("Rate or amount, of a line or the order. A fixed rate: =19")),
    "discount": (gettext_lazy("Discount"), gettext_lazy("Only if amounts are before it; of a line or the order.")),
    "refunded": (gettext_lazy("Refunded amount"), gettext_lazy("In all so far; of a line or the order.")),
    "refunded_quantity": (gettext_lazy("Refunded pieces"), gettext_lazy("In all so far, if no amount is named.")),
    "total": (
        gettext_lazy("Total paid"),
        gettext_lazy("With shipping and tax, before refunds. Refunds of the order are shared in proportion to it."),
    ),
}


class GenericForm(forms.Form):
    """One field for each option; a path is named `path-` and its field of the snapshot."""

    # Of the options that the page showed.
    revision = forms.IntegerField(widget=forms.HiddenInput, min_value=0)
    signature_header = forms.CharField(
        label=gettext_lazy("Header of the signature"), required=False, max_length=60, widget=UnfoldAdminTextInputWidget,
        help_text=gettext_lazy("For HMAC-SHA256 only."),
    )  # fmt: skip
    topics = forms.CharField(
        label=gettext_lazy("Types of events to use"), required=False, max_length=1_000,
        widget=UnfoldAdminTextInputWidget, help_text=gettext_lazy("Separated by commas. Empty: all."),
    )  # fmt: skip
    statuses = forms.CharField(
        label=gettext_lazy("Words of the status"), required=False, max_length=10_000,
        widget=UnfoldAdminTextareaWidget(attrs={"rows": 7}),
        help_text=gettext_lazy("One per line, such as: shipped = completed"),
    )  # fmt: skip

    def __init__(self, options: Mapping[str, Any], posted: Any = None) -> None:
        super().__init__(posted, initial=_describe_options(options))
        for name, (label, choices) in CHOICES.items():
            self.fields[name] = forms.ChoiceField(
                label=label, choices=choices or [(zone, zone) for zone in list_time_zones()],
                widget=UnfoldAdminSelectWidget,
            )  # fmt: skip
        for name, (label, help_text) in PATHS.items():
            self.fields[f"path-{name}"] = forms.CharField(
                label=label, help_text=help_text, required=name in REQUIRED_PATHS, max_length=300,
                widget=UnfoldAdminTextInputWidget(attrs={"autocomplete": "off", "spellcheck": "false"}),
            )  # fmt: skip

    def clean_statuses(self) -> dict[str, str]:
        rows = [row for row in self.cleaned_data["statuses"].splitlines() if row.strip()]
        if len(rows) > MAX_WORDS:
            raise ValidationError(_("Enter at most %(most)d words.") % {"most": MAX_WORDS})
        return dict(_parse_status(row) for row in rows)

    def clean_topics(self) -> list[str]:
        return [topic for part in self.cleaned_data["topics"].split(",") if (topic := clean_code(part))]

    def clean(self) -> dict[str, Any]:
        """Add the options as `options`."""
        values: dict[str, Any] = super().clean() or {}
        paths = {name: values.get(f"path-{name}", "").strip() for name in DEFAULT_PATHS}
        for name, text in paths.items():
            try:
                if text:
                    parse_path(text)
            except InvalidPath as error:
                self.add_error(f"path-{name}", _("Not a path: %(error)s.") % {"error": error})
        if values.get("signature") == Signature.HMAC:
            self._check_hmac(values, paths)
        if values.get("amounts", Amounts.NET) != Amounts.NET and not paths["tax"]:
            self.add_error("path-tax", _("Enter where the tax is, or choose amounts without tax."))
        chosen = {name: values.get(name, DEFAULTS[name]) for name in DEFAULTS if name not in ("paths", "revision")}
        values["options"] = chosen | {"paths": paths, "revision": values.get("revision", 0) + 1}
        return values

    def _check_hmac(self, values: Mapping[str, Any], paths: Mapping[str, str]) -> None:
        if not values.get("signature_header"):
            self.add_error("signature_header", _("Enter the name of the header."))
        if not paths["updated_at"]:
            error = _("Needed with HMAC-SHA256: without it, a change back looks like a repeated delivery.")
            self.add_error("path-updated_at", error)


def _parse_status(row: str) -> tuple[str, str]:
    """Return the word of the shop and the status of a row such as `shipped = completed`."""
    word, sign, status = (part.strip().lower() for part in row.rpartition("="))
    if not sign or not word or status not in Status.values:
        known = ", ".join(Status.values)
        raise ValidationError(
            _("“%(row)s” is no word with a status. Write word = status, with one of: %(known)s.")
            % {"row": row.strip()[:80], "known": known}
        )
    if len(word) > MAX_WORD:
        raise ValidationError(_("A word has at most %(most)d characters.") % {"most": MAX_WORD})
    return word, status


def _describe_options(values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options as the form shows them."""
    options = GenericOptions(values)
    shown = {name: options[name] for name in ("signature_header", "revision", *CHOICES)}
    shown["topics"] = ", ".join(options["topics"])
    shown["statuses"] = "\n".join(f"{word} = {status}" for word, status in options["statuses"].items())
    return shown | {f"path-{name}": options.get_path_text(name) for name in PATHS}
