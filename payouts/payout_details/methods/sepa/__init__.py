"""SEPA credit transfers for programs in EUR: the account is an IBAN; the file is pain.001.001.09."""

from collections.abc import Collection, Sequence

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from payouts.payout_details.methods.ibans import identify_iban, parse_iban
from payouts.payout_details.methods.method import Account, Sender, Transfer
from payouts.payout_details.methods.sepa.pain001 import build_document, redact_document
from payouts.payout_details.methods.sepa.transliteration import is_writable

_CODES = (
    "AD AL AT BE BG CH CY CZ DE DK EE ES FI FR GB GI GR HR HU IE IS IT LI LT LU LV MC MD ME MK MT NL NO PL PT RO RS "
    "SE SI SK SM VA"
)
SEPA_COUNTRIES = frozenset(_CODES.split())
"""The countries of IBANs inside SEPA (EPC409-09, 2026). Territories have the IBANs of their country: those of Jersey
begin with GB, those of Martinique with FR. schwifty lacks the countries that joined since 2024."""


class Sepa:
    suffix = "xml"
    media_type = "application/xml"
    # Banks accept at least as many in one file.
    max_transfers = 10_000
    layout: str | Promise = gettext_lazy("XML of SEPA (pain.001.001.09), with one payment for each payout.")

    def normalize(self, account: Account) -> Account:
        iban = parse_iban(account.account)
        if iban is None:
            raise ValidationError({"account": _("This IBAN is not valid. Check its digits.")})
        if iban.country_code not in SEPA_COUNTRIES:
            text = _("This IBAN is outside SEPA (%(country)s). Choose a bank transfer for accounts outside SEPA.")
            raise ValidationError({"account": text % {"country": iban.country_code}})
        return Account(iban.compact, country=iban.country_code)

    def mask(self, account: Account) -> str:
        return f"{account.account[:2]}•• •••• {account.account[-4:]}"

    def identify(self, account: Account) -> str:
        iban = parse_iban(account.account)
        assert iban is not None, "a normalized account is a valid IBAN"
        return identify_iban(iban)

    def get_currency_error(self, currency: str) -> str:
        return (
            ""
            if currency == "EUR"
            else _("SEPA transfers are in EUR only; this program pays in %(currency)s.") % {"currency": currency}
        )

    def get_holder_error(self, holder: str) -> str:
        return (
            ""
            if is_writable(holder)
            else _("The name of the account holder has no letter that banks can write. Enter it in Latin letters.")
        )

    def build_file(self, sender: Sender, transfers: Sequence[Transfer]) -> bytes:
        return build_document(sender, transfers)

    def redact_file(self, content: bytes, references: Collection[str]) -> bytes:
        return redact_document(content, references)
