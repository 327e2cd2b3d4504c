"""PayPal: the account is an e-mail address; the file is a mass payment CSV without a header."""

from collections.abc import Collection, Sequence

from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.csv import build_csv, rewrite_csv
from lib.text import remove_invisible
from payouts.payout_details.methods.method import REDACTED, Account, Sender, Transfer


class PayPal:
    suffix = "csv"
    media_type = "text/csv"
    max_transfers = 5_000
    layout: str | Promise = gettext_lazy(
        "No headings, as PayPal reads each row as a payment. Columns: e-mail address, amount, currency, reference, note,"
        " wallet."
    )

    def normalize(self, account: Account) -> Account:
        address = remove_invisible(account.account).strip().lower()
        try:
            validate_email(address)
        except ValidationError:
            raise ValidationError({"account": _("Enter the e-mail address of a PayPal account.")}) from None
        # An address may have control characters between quotes.
        if not address.isprintable():
            raise ValidationError({"account": _("Remove control characters from the e-mail address.")})
        if len(address) > 254:
            raise ValidationError({"account": _("Enter an e-mail address of at most 254 characters.")})
        return Account(address)

    def mask(self, account: Account) -> str:
        name, _at, host = account.account.rpartition("@")
        # A host may have 253 characters; its end is not personal.
        return f"{name[:1]}•••@{host[-50:]}"

    def identify(self, account: Account) -> str:
        return account.account

    def get_currency_error(self, currency: str) -> str:
        return ""

    def get_holder_error(self, holder: str) -> str:
        return ""

    def build_file(self, sender: Sender, transfers: Sequence[Transfer]) -> bytes:
        """Write PayPal's columns: recipient, amount, currency, reference, note to the recipient, wallet."""
        rows = [
            (to.account.account, to.money.amount, to.money.currency, to.reference, to.note, "PayPal")
            for to in transfers
        ]
        return build_csv(None, rows)

    def redact_file(self, content: bytes, references: Collection[str]) -> bytes:
        return rewrite_csv(
            content, lambda row: [REDACTED, *row[1:4], REDACTED, *row[5:]] if row[3] in references else row
        )
