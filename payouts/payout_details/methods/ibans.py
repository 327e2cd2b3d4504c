"""IBANs: which countries use them, and the bank and account that they name."""

from schwifty import IBAN, registry
from schwifty.bban import BBAN
from schwifty.domain import Component
from schwifty.exceptions import InvalidCountryCode, SchwiftyException

from lib.text import remove_separators

# Their banks are known by the sort code alone; the letters before it in an IBAN are those of the BIC.
_SORT_CODE_COUNTRIES = ("GB", "IE")
_PARTS = (
    Component.BANK_CODE,
    Component.BRANCH_CODE,
    Component.ACCOUNT_CODE,
    Component.NATIONAL_CHECKSUM_DIGITS,
)


def parse_iban(text: str) -> IBAN | None:
    """Return the IBAN that is written in any usual spelling; None if it is not a valid IBAN."""
    compact = remove_separators(text).upper().removeprefix("IBAN")
    if not compact.isascii():
        return None
    try:
        return IBAN(compact)
    except (SchwiftyException, ValueError):
        return None


def get_iban_prefix(country: str) -> str:
    """Return the letters with which IBANs of `country` begin, such as GB for Jersey; "" if it has no IBANs."""
    try:
        spec: str = registry.get_iban_spec(country).iban_spec
    except InvalidCountryCode:
        return ""
    return spec[:2]


def get_bank_code(iban: IBAN) -> str:
    """Return the national code of the bank and its branch."""
    code: str = iban.branch_code if iban.country_code in _SORT_CODE_COUNTRIES else iban.bank_code + iban.branch_code
    return code


def identify_iban(iban: IBAN) -> str:
    """Return the country, bank code and account number of `iban`, by which equal accounts are found."""
    return f"{iban.country_code} {get_bank_code(iban)} {iban.account_code}"


def get_national_lengths(prefix: str) -> tuple[int, int]:
    """Return the lengths of bank code and account number inside an IBAN; (0, 0) if an IBAN cannot be made of the two."""
    positions = registry.get_iban_spec(prefix).positions
    if any(not each.is_empty for part, each in positions.items() if part not in _PARTS):
        return 0, 0
    bank, branch, account = (positions[part].length for part in _PARTS[:3])
    return bank + branch, account


def is_national_account(prefix: str, bank_code: str, account: str) -> bool:
    """Return whether bank code and account number have the structure of the country's IBANs."""
    size = registry.get_iban_spec(prefix).positions[Component.BANK_CODE].length
    parts = {"bank_code": bank_code[:size], "branch_code": bank_code[size:], "account_code": account}
    try:
        IBAN.from_bban(prefix, BBAN.from_components(prefix, **parts))
    except (SchwiftyException, ValueError):
        return False
    return True
