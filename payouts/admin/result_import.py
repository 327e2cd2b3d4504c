"""The import of payout results in the admin."""

from collections.abc import Mapping
from typing import Any

from django import forms
from django.http import HttpRequest
from django.utils import timezone
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from accounts.staff import staff_member
from agreements.program_currency import get_program_currency
from lib.admin.pages import build_changelist_url
from lib.csv_columns import ColumnMapping
from lib.formatting import format_money
from lib.money import ZERO
from payouts.admin.csv_import import Preview
from payouts.disbursement import bank_results
from payouts.disbursement.bank_results import Effect, ResultLine
from payouts.disbursement.blockers import cut_named
from payouts.disbursement.results_file import LAYOUT
from payouts.models import Payout, PayoutBatch, Upload

_EFFECTS: Mapping[Effect, str | Promise] = {
    Effect.PAID: gettext_lazy("is marked as paid"),
    Effect.FAILED: gettext_lazy("failed; goes back to the balance"),
    Effect.RETURNED: gettext_lazy("returned; goes back to the balance"),
    Effect.UNCHANGED: gettext_lazy("changes nothing"),
    Effect.REFUSED: gettext_lazy("is refused"),
}


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
        lines, currency = bank_results.preview_results(content, mapping), get_program_currency()
        return Preview(
            summary=f"{_describe_counts(lines)} {_describe_sums(lines, currency)}",
            headings=[_("Line"), _("Reference"), _("Affiliate"), _("Amount"), _("Result"), _("Effect")],
            rows=[
                (
                    line.number,
                    line.reference,
                    line.payout.affiliate if line.payout else "–",
                    format_money(line.payout.amount, currency) if line.payout else line.amount,
                    f"{line.result}: {line.reason}" if line.reason not in ("", line.result) else line.result,
                    f"{_EFFECTS[line.effect]}: {line.cause}" if line.cause else _EFFECTS[line.effect],
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
            remarks=_describe_missing(bank_results.list_missing_payouts(lines), currency),
        )

    def run(self, request: HttpRequest, content: bytes, mapping: ColumnMapping, answers: dict[str, Any]) -> str:
        lines = bank_results.import_results(
            content=content, mapping=mapping, now=timezone.now(), by=staff_member(request)
        )
        return _("Results imported.") + " " + _describe_counts(lines)


def _describe_sums(lines: list[ResultLine], currency: str) -> str:
    """Return the sums of the payouts that arrived and of those that did not."""
    sums = {
        effect: sum((line.payout.amount for line in lines if line.payout and line.effect == effect), ZERO)
        for effect in Effect
    }
    return _("Paid: %(paid)s. Back to balances: %(returned)s.") % {
        "paid": format_money(sums[Effect.PAID], currency),
        "returned": format_money(sums[Effect.FAILED] + sums[Effect.RETURNED], currency),
    }


def _describe_missing(payouts: list[Payout], currency: str) -> list[str]:
    """Say which payouts of the batch the file has no row for: they stay without a result."""
    if not payouts:
        return []
    total = format_money(sum((payout.amount for payout in payouts), ZERO), currency)
    text = ngettext(
        "%(number)s payout of the same batch, %(total)s, has no row in this file and stays without a result:",
        "%(number)s payouts of the same batch, %(total)s, have no row in this file and stay without a result:",
        len(payouts),
    )
    named = [
        f"{one.reference}, {one.affiliate}, {one.details.get_method_display()}, {format_money(one.amount, currency)}"
        for one in payouts
    ]
    return [text % {"number": len(payouts), "total": total}, *cut_named(named, _("And %(more)s more."))]


def _describe_counts(lines: list[ResultLine]) -> str:
    counts = {effect.value: sum(line.effect == effect for line in lines) for effect in Effect}
    text = _(
        "Paid: %(paid)d, failed: %(failed)d, returned: %(returned)d, unchanged: %(unchanged)d, refused: %(refused)d."
    )
    return text % counts
