"""The import of affiliates in the admin."""

from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from unfold.widgets import UnfoldAdminDateWidget, UnfoldAdminTextInputWidget

from accounts.staff import staff_member
from affiliates.models import Affiliate
from agreements.periods import get_program_time_zone, get_start_of_day
from lib.admin.pages import build_changelist_url
from lib.csv_columns import ColumnMapping
from payouts.admin.csv_import import SAMPLE_ROWS, Preview
from payouts.errors import BadRows
from payouts.models import Upload
from payouts.payout_details.methods import METHODS, Account
from portal.affiliate_import.affiliate_import import PaperAcceptance, import_affiliates, read_file
from portal.affiliate_import.import_file import LAYOUT, Row


class AcceptanceForm(forms.Form):
    """The acceptance on paper of the affiliates of a file, if the retailer holds it."""

    accepted_offline = forms.DateField(
        label=gettext_lazy("Accepted on paper on"), required=False, widget=UnfoldAdminDateWidget,
        help_text=gettext_lazy("Leave empty if the affiliates have yet to accept the agreement."),
    )  # fmt: skip
    evidence = forms.CharField(
        label=gettext_lazy("Evidence of the acceptance"), required=False, max_length=500,
        widget=UnfoldAdminTextInputWidget,
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Add `paper`, the PaperAcceptance or None."""
        values: dict[str, Any] = super().clean() or {}
        day, evidence = values.get("accepted_offline"), values.get("evidence", "").strip()
        if bool(day) != bool(evidence) and not self.errors:
            raise ValidationError(_("Enter both the date of acceptance and the evidence, or neither."))
        return values | {"paper": _build_paper(day, evidence) if day else None}


def _build_paper(day: date, evidence: str) -> PaperAcceptance:
    return PaperAcceptance(get_start_of_day(day, get_program_time_zone()), evidence)


class AffiliateImport:
    """Affiliates are imported all together or, if a row is invalid, not at all (specification 2)."""

    kind = Upload.Kind.AFFILIATES
    layout = LAYOUT

    def __init__(self) -> None:
        self.title, self.button = _("Import affiliates"), _("Import affiliates")
        self.explanation = _(
            "Upload affiliates from another system, one in a row. They are approved, and get an e-mail with which they "
            "set a password and accept the agreement. Several websites may be in one cell, divided by spaces, commas, "
            "semicolons or vertical bars (“a.example | b.example”), or in columns such as “website 2”. If a row is "
            "invalid, nothing is stored."
        )
        self.back = build_changelist_url(Affiliate)

    def build_form(self, posted: Any) -> forms.Form:
        return AcceptanceForm(posted)

    def preview(self, content: bytes, mapping: ColumnMapping) -> Preview:
        file = read_file(content, mapping)
        return Preview(
            summary=_("Affiliates: %(affiliates)d, problems: %(problems)d.")
            % {"affiliates": len(file.rows), "problems": len(file.problems)},
            headings=Row._fields,
            rows=[[_format_value(value) for value in _mask(row)] for row in file.rows[:SAMPLE_ROWS]],
            problems=[(each.line, each.field, each.cause) for each in file.problems],
            outcome=[len(file.rows), len(file.problems)],
            is_importable=bool(file.rows) and not file.problems,
        )

    def run(self, request: HttpRequest, content: bytes, mapping: ColumnMapping, answers: dict[str, Any]) -> str:
        try:
            summary = import_affiliates(
                file=read_file(content, mapping), paper=answers["paper"], now=timezone.now(), by=staff_member(request)
            )
        except BadRows as error:
            raise ValidationError([str(problem) for problem in error.problems[:SAMPLE_ROWS]]) from None
        text = _(
            "Affiliates imported: %(affiliates)d, coupons: %(coupons)d, channels: %(channels)d, "
            "payout details: %(payout_details)d."
        )
        return text % summary._asdict()


def _mask(row: Row) -> Row:
    """Return the row with its account as pages show it."""
    method = METHODS.get(row.payout_method)
    account = Account(row.payout_account, row.payout_bank_code, row.payout_country)
    return row._replace(payout_account=method.mask(account) if method and row.payout_account else "")


def _format_value(value: object) -> str:
    return " ".join(value) if isinstance(value, tuple) else str(value)
