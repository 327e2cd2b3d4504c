"""Bank transfer: country, bank code and account; the file is a plain CSV for any bank or provider."""

from collections.abc import Collection, Sequence

from django.core.exceptions import ValidationError
from django.utils.functional import Promise
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from lib.csv import build_csv, rewrite_csv
from lib.text import remove_separators
from payouts.payout_details.methods.bank.checks import check_iban, check_national_account, check_rule, read_country
from payouts.payout_details.methods.bank.country_rules import IBAN_COUNTRIES, get_rule
from payouts.payout_details.methods.ibans import get_bank_code, get_iban_prefix, identify_iban, parse_iban
from payouts.payout_details.methods.method import REDACTED, Account, Sender, Transfer

COLUMNS = ("reference", "holder", "country", "bank_code", "account", "amount", "currency", "note")
# Of Norway.
SHORTEST_IBAN = 15


class BankTransfer:
    suffix = "csv"
    media_type = "text/csv"
    max_transfers = 10_000
    layout: str | Promise = gettext_lazy("The first row has the headings.")

    def normalize(self, account: Account) -> Account:
        iban = parse_iban(account.account)
        country = read_country(account.country, iban)
        number, bank_code = (remove_separators(text).upper() for text in (account.account, account.bank_code))
        if iban:
            check_iban(iban, bank_code, country)
            return Account(iban.compact, get_bank_code(iban), country)
        prefix, rule = get_iban_prefix(country), get_rule(country)
        if prefix and number.removeprefix("IBAN").startswith(prefix) and len(number) >= SHORTEST_IBAN:
            raise ValidationError({"account": _("This IBAN is not valid. Check its digits.")})
        entered = Account(number, bank_code, country)
        return check_national_account(entered, prefix) if rule is IBAN_COUNTRIES else check_rule(rule, entered)

    def mask(self, account: Account) -> str:
        shown = 4 if len(account.account) >= 8 else 1
        return f"{account.country} •••• {account.account[-shown:]}"

    def identify(self, account: Account) -> str:
        iban = parse_iban(account.account)
        country = get_iban_prefix(account.country) or account.country
        return identify_iban(iban) if iban else f"{country} {account.bank_code} {account.account}"

    def get_currency_error(self, currency: str) -> str:
        return ""

    def get_holder_error(self, holder: str) -> str:
        return ""

    def build_file(self, sender: Sender, transfers: Sequence[Transfer]) -> bytes:
        rows = [
            (
                to.reference, to.holder, to.account.country, to.account.bank_code, to.account.account,
                to.money.amount, to.money.currency, to.note,
            )
            for to in transfers
        ]  # fmt: skip
        return build_csv(COLUMNS, rows)

    def redact_file(self, content: bytes, references: Collection[str]) -> bytes:
        """Replace holder, country, bank code, account and note."""
        return rewrite_csv(
            content,
            lambda row: (
                [row[0], REDACTED, "", REDACTED, REDACTED, *row[5:7], REDACTED] if row[0] in references else row
            ),
        )
