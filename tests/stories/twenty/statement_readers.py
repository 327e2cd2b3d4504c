"""Readers of a statement's figures as `table.Row`: from the page, CSV, PDF, export and ledger."""

import csv
import io
import re
import shutil
import subprocess
from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from django.core.management import call_command
from django.db.models import Sum
from django.test import Client
from django.urls import reverse

from payouts.closing import statement_pdf
from payouts.models import Close, LedgerEntry, Statement
from tests.portal.html_tree import Element, parse_html
from tests.stories.twenty.table import Row

ZERO = Decimal("0.00")
# The texts of the reasons on the page, in the CSV and in the PDF.
REASON_TEXTS = {
    "below_minimum": "The balance is below the payout threshold.",
    "negative_balance": "The balance is negative. It is offset against your future commissions.",
    "suspended": "You were suspended when the month was closed.",
    "no_payout_details": "There were no confirmed payout details when the month was closed.",
    "email_change_on_hold": "You changed your e-mail address recently, so payouts had not started again yet.",
    "payout_details_on_hold": "You changed your payout details recently, so payouts to them had not started yet.",
}
REASON_CODES = {words: code for code, words in REASON_TEXTS.items()}
PDF_LINE = re.compile(r"^ *\d{6} +\d+ +(.*?) +(\S+) USD$", re.MULTILINE)
SUMS_PATTERN = re.compile(
    r"Opening balance\s+(?P<opening>\S+) USD\s+Commissions settled \((?P<lines>\d+) lines?\)\s+(?P<settled>\S+) USD\s+"
    r"Adjustments\s+(?P<adjustments>\S+) USD\s+Returned payouts\s+0\.00 USD\s+Payout\s+(?P<payout>\S+) USD\s+"
    r"Closing balance\s+(?P<closing>\S+) USD"
)


def parse_amount(text: str) -> Decimal:
    """Return the number in a text such as "−1,234.50 USD", with the minus sign and spaces of a page."""
    return Decimal(text.replace("\u2212", "-").replace(",", "").replace("\u00a0", " ").split()[0])


def read_page(client: Client, statement: Statement) -> Row:
    html = client.get(reverse("payouts:statement", args=[statement.pk])).content.decode()
    page = parse_html(html)
    rows = [_cells(row) for row in page.descendants() if row.tag == "tr"]
    sums = {cells[0]: cells[-1] for cells in rows if len(cells) == 2}
    named = {name: next(value for key, value in sums.items() if re.match(rf"\s*{name}\b", key)) for name in LABELS}
    assert parse_amount(named["Returned payouts"]) == 0
    lines = [cells for cells in rows if len(cells) == 6 and cells[0].strip().isdigit()]
    count = next(re.search(r"settled, (\d+) line", key) for key in sums if "settled" in key)
    assert count
    assert len(lines) == int(count[1])
    assert sum(parse_amount(cells[-1]) for cells in lines) == parse_amount(named["Commissions settled"])
    return Row(
        opening=parse_amount(named["Opening balance"]),
        lines=len(lines),
        settled=parse_amount(named["Commissions settled"]),
        adjustments=parse_amount(named["Adjustments"]),
        forfeited=_sum(parse_amount(cells[-1]) for cells in lines if "forfeited" in cells[-1]),
        payout=-parse_amount(named["Payout"]) + ZERO,
        closing=parse_amount(named["Closing balance"]),
        reasons=_reasons(page.text),
    )


LABELS = (
    "Opening balance", "Commissions settled", "Adjustments", "Returned payouts", "Payout", "Closing balance",
)  # fmt: skip


def read_csv(client: Client, statement: Statement) -> Row:
    content = client.get(reverse("payouts:statement_csv", args=[statement.pk])).getvalue().decode("utf-8-sig")
    entries: dict[str, list[dict[str, str]]] = {}
    for entry in csv.DictReader(io.StringIO(content)):
        entries.setdefault(entry["entry"], []).append(entry)

    def total(*kinds: str, note: str = "") -> Decimal:
        matching = [entry for kind in kinds for entry in entries.get(kind, [])]
        return _sum(Decimal(entry["amount"]) for entry in matching if note in entry["note"])

    assert "payout returned" not in entries
    return Row(
        opening=total("opening balance"),
        lines=len(entries.get("commission", [])),
        settled=total("commission"),
        adjustments=total("bonus", "correction", "clawback"),
        forfeited=total("commission", note="forfeited"),
        payout=-total("payout") + ZERO,
        closing=total("closing balance"),
        reasons=tuple(REASON_CODES[entry["note"]] for entry in entries.get("carried over", [])),
    )


def read_pdf(client: Client, statement: Statement) -> Row:
    """Read the text of the file with pdftotext where it is installed, otherwise the data of the template."""
    content = client.get(reverse("payouts:statement_pdf", args=[statement.pk])).content
    assert content.startswith(b"%PDF-")
    text = _extract_text(content) if shutil.which("pdftotext") else _build_text(statement_pdf._build_data(statement))
    sums = SUMS_PATTERN.search(text)
    assert sums, text
    lines = [(parse_amount(posted), "(forfeited)" in middle) for middle, posted in PDF_LINE.findall(text)]
    assert len(lines) == int(sums["lines"])
    assert _sum(posted for posted, _ in lines) == parse_amount(sums["settled"])
    return Row(
        opening=parse_amount(sums["opening"]),
        lines=len(lines),
        settled=parse_amount(sums["settled"]),
        adjustments=parse_amount(sums["adjustments"]),
        forfeited=_sum(posted for posted, forfeited in lines if forfeited),
        payout=-parse_amount(sums["payout"]) + ZERO,
        closing=parse_amount(sums["closing"]),
        reasons=_reasons(text),
    )


def _extract_text(content: bytes) -> str:
    done = subprocess.run(["pdftotext", "-layout", "-", "-"], input=content, capture_output=True, check=True)
    return done.stdout.decode()


def _build_text(data: dict[str, Any]) -> str:
    rows = [*data["sums"], ["Closing balance", data["closing"]], *data["lines"], *data["reasons"]]
    return "\n".join("  ".join(row) for row in rows)


def read_ledger(statement: Statement) -> tuple[Decimal, Decimal, Decimal, Decimal]:
    """Return (settled, adjustments, forfeited, closing) from the ledger entries of the close."""
    ledger_entries = LedgerEntry.objects.filter(transaction__source=f"close:{statement.close}:{statement.affiliate_id}")
    sides = {account: -value for account, value in ledger_entries.values_list("account", "amount")}
    forfeited = -sides.get("forfeited_commission", ZERO)
    settled = -sides.get("commission_expense", ZERO) + forfeited
    adjusted = -sides.get("adjustments", ZERO)
    assert sides.get("affiliate_payable", ZERO) == settled + adjusted
    owed = LedgerEntry.objects.filter(
        account="affiliate_payable", affiliate=statement.affiliate_id, transaction__at__lte=statement.close.closed_at
    )
    return settled, adjusted, forfeited, -(owed.aggregate(sum=Sum("amount"))["sum"] or ZERO)


def run_export(close: Close) -> dict[str, dict[str, str]]:
    """Return {affiliate's code: row of `export_statements`}."""
    out = io.StringIO()
    call_command("export_statements", str(close), stdout=out, stderr=io.StringIO())
    return {row["affiliate"]: row for row in csv.DictReader(io.StringIO(out.getvalue()))}


def _cells(row: Element) -> list[str]:
    return [cell.text for cell in row.content if isinstance(cell, Element) and cell.tag in ("td", "th")]


def _reasons(text: str) -> tuple[str, ...]:
    return tuple(code for code, words in REASON_TEXTS.items() if words in text)


def _sum(amounts: Iterable[Decimal]) -> Decimal:
    return sum(amounts, ZERO)
