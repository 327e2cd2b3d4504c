"""Bank codes and account numbers of countries that have rules of their own, by ISO 3166 code."""

import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from stdnum.nz import bankaccount
from stdnum.us import rtn

from payouts.payout_details.methods.ibans import get_iban_prefix

TERRITORIES: Mapping[str, str] = {
    "AS": "US", "GU": "US", "MP": "US", "PR": "US", "VI": "US", "GG": "GB", "IM": "GB", "JE": "GB", "CC": "AU",
    "CX": "AU", "NF": "AU",
}  # fmt: skip
"""Territories that have the banking system of another country."""
_CLABE_WEIGHTS = (3, 7, 1)


class CountryRule(NamedTuple):
    """How bank code and account number are named and written; the patterns are for texts without separators."""

    bank_label: str | Promise
    bank_format: str | Promise
    bank_pattern: str
    account_format: str | Promise
    account_pattern: str
    account_label: str | Promise = _("account number")
    # Return both as they are stored.
    normalize: Callable[[str, str], tuple[str, str]] = lambda bank_code, account: (bank_code, account)
    # Return the field with a wrong check digit, or "".
    find_wrong_digits: Callable[[str, str], str] = lambda bank_code, account: ""

    def is_bank_code(self, text: str) -> bool:
        return re.fullmatch(self.bank_pattern, text) is not None

    def is_account(self, text: str) -> bool:
        return re.fullmatch(self.account_pattern, text) is not None


def _check_routing_number(bank_code: str, account: str) -> str:
    return "" if rtn.is_valid(bank_code) else "bank_code"


def _split_clabe(bank_code: str, account: str) -> tuple[str, str]:
    return bank_code or account[:3], account


def _check_clabe(bank_code: str, account: str) -> str:
    total = sum(int(digit) * _CLABE_WEIGHTS[place % 3] % 10 for place, digit in enumerate(account[:-1]))
    if int(account[-1]) != -total % 10:
        return "account"
    return "" if account[:3] == bank_code else "bank_code"


def _check_new_zealand(bank_code: str, account: str) -> str:
    return "" if bankaccount.is_valid(bank_code + account[:7] + account[7:].zfill(3)) else "account"


def _order_transit_number(bank_code: str, account: str) -> tuple[str, str]:
    """Return an 8-digit code of a check, branch before institution, as electronic transfers write it."""
    return (f"0{bank_code[5:]}{bank_code[:5]}" if len(bank_code) == 8 else bank_code), account


def _fill_sort_code_account(bank_code: str, account: str) -> tuple[str, str]:
    return bank_code, account.zfill(8)


_SORT_CODE_RULE = CountryRule(
    _("sort code"),
    _("6 digits"),
    "[0-9]{6}",
    _("6 to 8 digits, or the IBAN"),
    "[0-9]{6,8}",
    normalize=_fill_sort_code_account,
)
RULES: Mapping[str, CountryRule] = {
    "AU": CountryRule(_("BSB"), _("6 digits"), "[0-9]{6}", _("5 to 10 digits"), "[0-9]{5,10}"),
    "CA": CountryRule(
        _("transit and institution number"),
        _("5 digits and 3 digits as on a check, or 9 digits that begin with 0"),
        "0?[0-9]{8}",
        _("5 to 12 digits"),
        "[0-9]{5,12}",
        normalize=_order_transit_number,
    ),
    "GB": _SORT_CODE_RULE,
    "IE": _SORT_CODE_RULE,
    "IN": CountryRule(
        _("IFSC"), _("4 letters, a zero and 6 letters or digits"), "[A-Z]{4}0[A-Z0-9]{6}",
        _("9 to 18 digits"), "[0-9]{9,18}",
    ),
    "JP": CountryRule(
        _("bank and branch code"), _("4 digits and 3 digits"), "[0-9]{7}", _("7 digits"), "[0-9]{7}"
    ),
    "MX": CountryRule(
        _("bank code"), _("the first 3 digits of the CLABE, or empty"), "([0-9]{3})?",
        _("18 digits"), "[0-9]{18}", _("CLABE"), normalize=_split_clabe, find_wrong_digits=_check_clabe,
    ),
    "NZ": CountryRule(
        _("bank and branch number"), _("2 digits and 4 digits"), "[0-9]{6}",
        _("7 digits and a suffix of 2 or 3 digits"), "[0-9]{9,10}", find_wrong_digits=_check_new_zealand,
    ),
    "US": CountryRule(
        _("routing number"), _("9 digits"), "[0-9]{9}", _("4 to 17 digits"), "[0-9]{4,17}",
        find_wrong_digits=_check_routing_number,
    ),
    "ZA": CountryRule(_("branch code"), _("6 digits"), "[0-9]{6}", _("7 to 11 digits"), "[0-9]{7,11}"),
}  # fmt: skip
OTHER_COUNTRIES = CountryRule(
    _("bank code or BIC"), _("3 to 34 letters or digits"), "[A-Z0-9]{3,34}",
    _("4 to 34 letters or digits"), "[A-Z0-9]{4,34}",
)  # fmt: skip
IBAN_COUNTRIES = CountryRule(
    _("bank code"), _("leave it empty if you enter the IBAN"), "[A-Z0-9]{3,34}",
    _("as your bank writes it"), "[A-Z0-9]{4,34}", _("IBAN or account number"),
)  # fmt: skip


def get_rule(country: str) -> CountryRule:
    """Return the rule of `country`; countries with IBANs and all others share one each."""
    general = IBAN_COUNTRIES if get_iban_prefix(country) else OTHER_COUNTRIES
    return RULES.get(TERRITORIES.get(country, country), general)
