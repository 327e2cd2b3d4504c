"""The import of payout results in the admin."""

from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.translation import gettext as _

from accounts.staff import staff_member
from lib.admin.pages import build_changelist_url
from lib.csv_columns import ColumnMapping
from payouts.admin.csv_import import Preview
from payouts.disbursement import bank_results
from payouts.disbursement.bank_results import Effect, ResultLine
from payouts.disbursement.results_file import LAYOUT
from payouts.models import PayoutBatch, Upload


class ResultImport:
    """Results are imported line by line: what is refused changes nothing, the rest counts (specification 6)."""

    kind = Upload.Kind.RESULTS
    layout = LAYOUT

    def __init__(self) -> None:
        self.title, self.button = _("Import results"), _("Import results")
        self.explanation = _(
            "Upload the results of the bank or provider: a row for each payout with its reference and its result, such "
            "as “paid” or “failed”. A failed payout needs a reason. “failed” for a payout that was paid before counts "
            "as returned. You see a preview before anything is changed."
        )
        self.back = build_changelist_url(PayoutBatch)

    def build_form(self, posted: Any) -> forms.Form:
        return forms.Form(posted)

    def preview(self, content: bytes, mapping: ColumnMapping) -> Preview:
        lines = bank_results.preview_results(content, mapping)
        return Preview(
            summary=_describe_counts(lines),
            headings=[_("Line"), _("Reference"), _("Affiliate"), _("Amount"), _("Result"), _("Effect")],
            rows=[
                (
                    line.number,
                    line.reference,
                    line.payout.affiliate if line.payout else "–",
                    line.amount,
                    f"{line.result}: {line.reason}" if line.reason else line.result,
                    f"{line.effect}: {line.cause}" if line.cause else line.effect,
                )
                for line in lines
            ],
            problems=[
                (line.number, field, cause)
                for line in lines
                if line.effect == Effect.REFUSED
                for field, cause in line.causes
            ],
            outcome=[[line.number, line.reference, str(line.effect)] for line in lines],
            is_importable=any(line.effect != Effect.REFUSED for line in lines),
        )

    def run(self, request: HttpRequest, content: bytes, mapping: ColumnMapping, answers: dict[str, Any]) -> str:
        lines = bank_results.import_results(
            content=content, mapping=mapping, now=timezone.now(), by=staff_member(request)
        )
        return _("Results imported.") + " " + _describe_counts(lines)


def _describe_counts(lines: list[ResultLine]) -> str:
    counts = {effect.value: sum(line.effect == effect for line in lines) for effect in Effect}
    text = _(
        "Paid: %(paid)d, failed: %(failed)d, returned: %(returned)d, unchanged: %(unchanged)d, refused: %(refused)d."
    )
    return text % counts
