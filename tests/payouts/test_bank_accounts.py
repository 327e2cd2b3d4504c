"""Bank transfers: country, bank code and account, checked by country."""

import pytest
from django.core.exceptions import ValidationError

from payouts.payout_details.methods import METHODS, Account
from tests.payouts.conftest import IBAN

BANK = METHODS["bank"]
FRENCH_IBAN = "FR7630006000011234567890189"

# Country, bank code and account as they are entered, and as they are stored.
VALID = [
    ("US", "0210 0002-1", "1234 5678", Account("12345678", "021000021", "US")),
    ("PR", "021000021", "12345678", Account("12345678", "021000021", "PR")),
    ("GB", "12-34-56", "12345678", Account("12345678", "123456", "GB")),
    ("United Kingdom", "123456", "345678", Account("00345678", "123456", "GB")),
    ("JE", "123456", "12345678", Account("12345678", "123456", "JE")),
    ("IE", "93-11-52", "12345678", Account("12345678", "931152", "IE")),
    ("AU", "062-000", "123456789", Account("123456789", "062000", "AU")),
    # Branch 12345 of institution 003, as a check and as an electronic transfer write it.
    ("CA", "12345-003", "1234567", Account("1234567", "000312345", "CA")),
    ("CA", "000312345", "1234567", Account("1234567", "000312345", "CA")),
    ("IN", "hdfc0001234", "50100012345678", Account("50100012345678", "HDFC0001234", "IN")),
    ("JP", "0001-001", "1234567", Account("1234567", "0001001", "JP")),
    # The usual example of a CLABE, with and without its bank.
    ("MX", "032", "032180000118359719", Account("032180000118359719", "032", "MX")),
    ("MX", "", "0321 8000 0118 3597 19", Account("032180000118359719", "032", "MX")),
    ("NZ", "01-0902", "0068389-00", Account("006838900", "010902", "NZ")),
    ("ZA", "250655", "62001234567", Account("62001234567", "250655", "ZA")),
    ("DE", "", "DE89 3704 0044 0532 0130 00", Account(IBAN, "37040044", "DE")),
    ("", "", IBAN, Account(IBAN, "37040044", "DE")),
    ("DE", "370 400 44", IBAN, Account(IBAN, "37040044", "DE")),
    ("DE", "COBADEFFXXX", IBAN, Account(IBAN, "37040044", "DE")),
    ("DE", "37040044", "532013000", Account("0532013000", "37040044", "DE")),
    ("FR", "30006", FRENCH_IBAN, Account(FRENCH_IBAN, "3000600001", "FR")),
    ("FR", "30006 00001", "12345678901", Account("12345678901", "3000600001", "FR")),
    ("MQ", "", FRENCH_IBAN, Account(FRENCH_IBAN, "3000600001", "MQ")),
    ("GB", "", "GB33BUKB20201555555555", Account("GB33BUKB20201555555555", "202015", "GB")),
    ("AE", "", "AE070331234567890123456", Account("AE070331234567890123456", "033", "AE")),
    ("KE", "KCBLKENXXXX", "1101234567", Account("1101234567", "KCBLKENX", "KE")),
    ("KE", "01100", "1101-ab", Account("1101AB", "01100", "KE")),
    ("SG", "7171", "1" * 34, Account("1" * 34, "7171", "SG")),
]

INVALID = [
    ("", "021000021", "12345678", "country", "Choose the country of the account."),
    ("ZZ", "021000021", "12345678", "country", "not a country code"),
    ("US", "", "12345678", "bank_code", "Enter the routing number: 9 digits."),
    ("US", "021000022", "12345678", "bank_code", "routing number is not valid"),
    ("US", "02100002", "12345678", "bank_code", "9 digits"),
    ("US", "٠٢١٠٠٠٠٢١", "12345678", "bank_code", "9 digits"),
    ("US", "CHASUS33", "12345678", "bank_code", "9 digits"),
    ("US", "021000021", "123", "account", "Enter the account number: 4 to 17 digits."),
    ("US", "021000021", IBAN, "account", "This IBAN is of an account in Germany, not in United States"),
    ("GB", "1234567", "12345678", "bank_code", "Enter the sort code: 6 digits."),
    ("GB", "123456", "123456789", "account", "6 to 8 digits"),
    ("GB", "123456", "GB33BUKB20201555555556", "account", "This IBAN is not valid. Check its digits."),
    ("GB", "123456", "GB33BUKB20201555555555", "bank_code", "enter 202015"),
    ("AU", "06200", "123456789", "bank_code", "Enter the BSB: 6 digits."),
    ("CA", "900312345", "1234567", "bank_code", "9 digits that begin with 0"),
    ("IN", "HDFC1001234", "50100012345678", "bank_code", "Enter the IFSC"),
    ("IN", "HDFC0001234", "12345678", "account", "9 to 18 digits"),
    ("MX", "", "032180000118359718", "account", "This CLABE is not valid"),
    ("MX", "033", "032180000118359719", "bank_code", "not valid"),
    ("NZ", "01-0902", "0068388-00", "account", "not valid"),
    ("DE", "", "532013000", "account", "Enter the IBAN of this account in Germany."),
    ("DE", "3704004", "532013000", "bank_code", "bank code of 8 characters"),
    ("DE", "ABCDEFGH", "532013000", "bank_code", "bank code of 8 characters"),
    ("DE", "37040044", "12345678901", "account", "4 to 10 characters"),
    ("DE", "37040044", "53201A000", "account", "4 to 10 characters"),
    ("DE", "10010010", IBAN, "bank_code", "enter 37040044"),
    ("DE", "BARCGB22", IBAN, "bank_code", "This BIC is of a bank in United Kingdom"),
    ("DE", "", "DE89370400440532013001", "account", "This IBAN is not valid."),
    ("FR", "", IBAN, "account", "not in France"),
    ("BR", "00360305", "0000100009", "account", "Enter the IBAN of this account in Brazil."),
    ("KE", "COBADEFF", "1101234567", "bank_code", "This BIC is of a bank in Germany"),
    ("KE", "AB", "1101234567", "bank_code", "3 to 34 letters or digits"),
    ("KE", "1" * 35, "1101234567", "bank_code", "3 to 34 letters or digits"),
    ("KE", "01100", "123", "account", "4 to 34 letters or digits"),
    ("KE", "01100", "1" * 35, "account", "4 to 34 letters or digits"),
    ("KE", "01100", "1234;=1+1", "account", "4 to 34 letters or digits"),
    ("KE", "=01100", "12345678", "bank_code", "3 to 34 letters or digits"),
]


@pytest.mark.parametrize(("country", "bank_code", "account", "stored"), VALID)
def test_bank_account_is_stored_in_one_spelling(country, bank_code, account, stored):
    assert BANK.normalize(Account(account, bank_code, country)) == stored


@pytest.mark.parametrize(("country", "bank_code", "account", "field", "cause"), INVALID)
def test_invalid_bank_account_is_refused_with_field_and_cause(country, bank_code, account, field, cause):
    with pytest.raises(ValidationError) as error:
        BANK.normalize(Account(account, bank_code, country))
    assert list(error.value.message_dict) == [field]
    assert cause in error.value.message_dict[field][0]


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(ValidationError) as error:
        BANK.normalize(Account("12", "12", "US"))
    assert list(error.value.message_dict) == ["bank_code", "account"]


def test_equal_accounts_have_one_identity_in_every_spelling():
    sepa = METHODS["sepa"]

    def identify(account: str, bank_code: str, country: str) -> str:
        return BANK.identify(BANK.normalize(Account(account, bank_code, country)))

    assert identify("532013000", "37040044", "DE") == identify(IBAN, "", "DE")
    assert identify(IBAN, "", "") == sepa.identify(sepa.normalize(Account(IBAN)))
    assert identify("55555555", "20-20-15", "GB") == identify("GB33BUKB20201555555555", "", "JE")
    assert identify("12345678901", "3000600001", "FR") == identify(FRENCH_IBAN, "", "MQ")
    assert identify("12345678", "021000021", "US") != identify("12345678", "123456", "GB")
    assert identify("12345678", "123456", "GB") != identify("12345678", "123457", "GB")


def test_mask_names_the_country_and_hides_bank_code_and_account():
    assert BANK.mask(Account("12345678", "021000021", "US")) == "US •••• 5678"
    assert BANK.mask(Account("1234567", "0001001", "JP")) == "JP •••• 7"


def test_joined_account_is_split_into_the_same_parts():
    for account in (Account("12345678", "021000021", "US"), Account("a@example.com"), Account(IBAN, country="DE")):
        assert Account.split(account.join()) == account
