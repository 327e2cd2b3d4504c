"""SEPA credit transfers for programs in EUR: the account is an IBAN; the file is pain.001.001.09."""

from collections.abc import Collection, Sequence

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from schwifty import IBAN
from schwifty.exceptions import SchwiftyException

from payouts.payout_details.methods.method import Sender, Transfer
from payouts.payout_details.methods.sepa.pain001 import build_document, redact_document


class Sepa:
    suffix = "xml"
    media_type = "application/xml"

    def normalize(self, account: str) -> str:
        try:
            return IBAN(account).compact
        except (SchwiftyException, ValueError):
            raise ValidationError({"account": _("This IBAN is not valid. Check its digits.")}) from None

    def mask(self, account: str) -> str:
        return f"{account[:2]}•• •••• {account[-4:]}"

    def get_currency_error(self, currency: str) -> str:
        return (
            ""
            if currency == "EUR"
            else _("SEPA transfers are in EUR only; this program pays in %(currency)s.") % {"currency": currency}
        )

    def build_file(self, sender: Sender, transfers: Sequence[Transfer]) -> bytes:
        return build_document(sender, transfers)

    def redact_file(self, content: bytes, references: Collection[str]) -> bytes:
        return redact_document(content, references)
