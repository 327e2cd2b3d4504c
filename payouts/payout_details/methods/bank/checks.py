"""Checks of country, bank code and account of a bank transfer; each raises ValidationError for the field at fault."""

import re

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from django_countries import countries
from schwifty import BIC, IBAN
from schwifty.exceptions import SchwiftyException

from affiliates.fields import clean_country_or_name
from lib.text import clean_code
from payouts.payout_details.methods.bank.country_rules import OTHER_COUNTRIES, CountryRule
from payouts.payout_details.methods.ibans import (
    get_bank_code,
    get_iban_prefix,
    get_national_lengths,
    is_national_account,
)
from payouts.payout_details.methods.method import Account

_BIC = re.compile("[A-Z]{6}[A-Z0-9]{2}([A-Z0-9]{3})?")


def read_country(text: str, iban: IBAN | None) -> str:
    """Return the code of the country; without one, that of `iban`."""
    country = clean_code(text)
    if not country and iban:
        return str(iban.country_code)
    if not country:
        raise ValidationError({"country": _("Choose the country of the account.")})
    return clean_country_or_name(country)


def check_iban(iban: IBAN, bank_code: str, country: str) -> None:
    """Check that a valid IBAN is of `country`, and that `bank_code` is empty, its bank code or a BIC of the country."""
    if iban.country_code != get_iban_prefix(country):
        text = _("This IBAN is of an account in %(other)s, not in %(country)s.")
        names = {"other": countries.name(iban.country_code) or iban.country_code, "country": countries.name(country)}
        raise ValidationError({"account": text % names})
    if bank_code in ("", get_bank_code(iban), iban.bank_code):
        return
    if not _BIC.fullmatch(bank_code):
        text = _("This is not the bank code of the IBAN. Leave it empty, or enter %(code)s.")
        raise ValidationError({"bank_code": text % {"code": get_bank_code(iban)}})
    _check_bic(bank_code, {country, str(iban.country_code)})


def check_national_account(account: Account, prefix: str) -> Account:
    """Return a national account of a country with IBANs, with leading zeros as in its IBAN."""
    size, account_size = get_national_lengths(prefix)
    name = countries.name(account.country)
    if not account.bank_code or not size:
        raise ValidationError({"account": _("Enter the IBAN of this account in %(country)s.") % {"country": name}})
    if len(account.bank_code) != size or not is_national_account(prefix, account.bank_code, "0" * account_size):
        text = _("Enter the bank code of %(size)d characters, or the IBAN as the account and no bank code.")
        raise ValidationError({"bank_code": text % {"size": size}})
    padded = account.account.zfill(account_size)
    if len(account.account) < 4 or not is_national_account(prefix, account.bank_code, padded):
        text = _("Enter the IBAN, or an account number of 4 to %(size)d characters as in %(country)s.")
        raise ValidationError({"account": text % {"size": account_size, "country": name}})
    return account._replace(account=padded)


def check_rule(rule: CountryRule, account: Account) -> Account:
    """Return the account as `rule` stores it."""
    errors = {}
    if not rule.is_bank_code(account.bank_code):
        errors["bank_code"] = _("Enter the %(label)s: %(format)s.") % {
            "label": rule.bank_label,
            "format": rule.bank_format,
        }
    if not rule.is_account(account.account):
        errors["account"] = _("Enter the %(label)s: %(format)s.") % {
            "label": rule.account_label,
            "format": rule.account_format,
        }
    if errors:
        raise ValidationError(errors)
    bank_code, number = rule.normalize(account.bank_code, account.account)
    if field := rule.find_wrong_digits(bank_code, number):
        label = rule.bank_label if field == "bank_code" else rule.account_label
        raise ValidationError({field: _("This %(label)s is not valid. Check its digits.") % {"label": label}})
    if rule is OTHER_COUNTRIES and _BIC.fullmatch(bank_code):
        _check_bic(bank_code, {account.country})
        # The branch XXX is the head office, as is a BIC without a branch.
        bank_code = bank_code[:8] + bank_code[8:].replace("XXX", "")
    return Account(number, bank_code, account.country)


def _check_bic(bank_code: str, allowed: set[str]) -> None:
    try:
        country = BIC(bank_code).country_code
    except (SchwiftyException, ValueError):
        raise ValidationError({"bank_code": _("This BIC is not valid. Check its letters.")}) from None
    if country not in allowed:
        text = _("This BIC is of a bank in %(other)s. Enter the bank of the account.")
        raise ValidationError({"bank_code": text % {"other": countries.name(country) or country}})
