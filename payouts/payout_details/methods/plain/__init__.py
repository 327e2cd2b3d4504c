"""Bank transfer: a plain CSV for any bank or provider without a format of its own here."""

from collections.abc import Collection, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from lib.csv import build_csv, rewrite_csv
from lib.text import remove_invisible
from payouts.payout_details.methods.method import REDACTED, Sender, Transfer, is_printable

COLUMNS = ("reference", "holder", "account", "country", "amount", "currency", "note")


class Plain:
    suffix = "csv"
    media_type = "text/csv"
    max_transfers = 10_000

    def normalize(self, account: str) -> str:
        text = " ".join(remove_invisible(account).split())
        if not is_printable(text, 4, 64):
            raise ValidationError({"account": _("Enter an account of 4 to 64 printable characters.")})
        return text

    def mask(self, account: str) -> str:
        shown = 4 if len(account) >= 8 else 1
        return f"•••• {account[-shown:]}"

    def get_currency_error(self, currency: str) -> str:
        return ""

    def get_holder_error(self, holder: str) -> str:
        return ""

    def build_file(self, sender: Sender, transfers: Sequence[Transfer]) -> bytes:
        rows = [
            (to.reference, to.holder, to.account, to.country, to.money.amount, to.money.currency, to.note)
            for to in transfers
        ]
        return build_csv(COLUMNS, rows)

    def redact_file(self, content: bytes, references: Collection[str]) -> bytes:
        """Replace holder, account, country and note."""
        return rewrite_csv(
            content, lambda row: [row[0], REDACTED, REDACTED, "", *row[4:6], REDACTED] if row[0] in references else row
        )
