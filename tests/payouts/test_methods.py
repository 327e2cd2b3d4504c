"""Payout files of each method."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from django.core.exceptions import ValidationError
from schwifty import registry

from lib.csv import build_csv
from payouts.payout_details.methods import METHODS, Account, Money, Sender, Transfer
from payouts.payout_details.methods.sepa import SEPA_COUNTRIES
from payouts.payout_details.methods.sepa.transliteration import transliterate

SENDER = Sender("Shop Ltd", "NL91ABNA0417164300", "0123456789abcdef", datetime(2026, 2, 3, 12, 0, tzinfo=UTC))
EUR = "EUR"
TO = [
    Transfer(
        "AC1",
        "Zoë Müller-Łęcka & Söhne",
        Account("DE89370400440532013000", "37040044", "DE"),
        Money(Decimal("100.00"), EUR),
        "Accord A1",
    ),
    Transfer(
        "AC2",
        "=1+1",
        Account("FR1420041010050500013M02606", "2004101005", "FR"),
        Money(Decimal("0.55"), EUR),
        "Accord A2",
    ),
]
NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def test_paypal_file_has_columns_without_header():
    to = Transfer("AC1", "A", Account("a@example.com"), Money(Decimal("16.00"), "USD"), "-note")
    assert METHODS["paypal"].build_file(SENDER, [to]) == b"a@example.com,16.00,USD,AC1,'-note,PayPal\r\n"


def test_plain_csv_escapes_formulas():
    rows = list(csv.reader(io.StringIO(METHODS["bank"].build_file(SENDER, TO).decode())))
    assert rows[0] == ["reference", "holder", "country", "bank_code", "account", "amount", "currency", "note"]
    assert rows[2] == ["AC2", "'=1+1", "FR", "2004101005", "FR1420041010050500013M02606", "0.55", "EUR", "Accord A2"]


def test_sepa_file_has_sums_references_and_ibans():
    root = ET.fromstring(METHODS["sepa"].build_file(SENDER, TO))
    assert root.tag == "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}Document"
    assert [node.text for node in root.iterfind(".//p:CtrlSum", NS)] == ["100.55", "100.55"]
    assert [node.text for node in root.iterfind(".//p:NbOfTxs", NS)] == ["2", "2"]
    assert [node.text for node in root.iterfind(".//p:EndToEndId", NS)] == ["AC1", "AC2"]
    assert [node.text for node in root.iterfind(".//p:CdtrAcct/p:Id/p:IBAN", NS)] == [to.account.account for to in TO]
    assert [node.get("Ccy") for node in root.iterfind(".//p:InstdAmt", NS)] == ["EUR", "EUR"]
    assert [node.text for node in root.iterfind(".//p:Cdtr/p:Nm", NS)] == ["Zoe Muller-Lecka Sohne", "1+1"]
    # Banks refuse an address that is a country alone.
    assert not list(root.iterfind(".//p:PstlAdr", NS))


def test_redacted_file_lacks_only_the_payee():
    """Every byte of the other payee's row, all amounts and both references stay."""
    for code, row_of_other in (("paypal", 1), ("bank", 2)):
        before = METHODS[code].build_file(SENDER, TO)
        after = METHODS[code].redact_file(before, {"AC1"})
        assert b"DE89" not in after
        assert b"37040044" not in after
        assert "Müller".encode() not in after
        assert b"Accord A1" not in after
        assert after.splitlines()[row_of_other] == before.splitlines()[row_of_other]
        assert b"AC1" in after
        assert b"100.00" in after
        assert METHODS[code].redact_file(before, {"AC3"}) == before


def test_redacted_sepa_file_lacks_only_the_payee():
    """The name in the file is transliterated, so it is found by the reference."""
    before = METHODS["sepa"].build_file(SENDER, TO)
    after = METHODS["sepa"].redact_file(before, {"AC1"})
    gone = (b"Zoe Muller-Lecka Sohne", b"DE89370400440532013000", b"Accord A1")
    assert [text for text in gone if text not in before or text in after] == []
    changed = [(old, new) for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert len(changed) == 3
    assert METHODS["sepa"].redact_file(before, {"AC3"}) == before


def test_sepa_needs_a_payer_and_euro():
    with pytest.raises(ValidationError, match="SEPA_DEBTOR_IBAN"):
        METHODS["sepa"].build_file(SENDER._replace(account=""), TO)
    assert METHODS["sepa"].get_currency_error("USD")
    assert not METHODS["sepa"].get_currency_error("EUR")


def test_equal_payouts_give_equal_files():
    for method in METHODS.values():
        assert method.build_file(SENDER, TO) == method.build_file(SENDER, TO)


NAMES = [
    ("Straße", "Strasse"),
    ("Jürgen Großmann", "Jurgen Grossmann"),
    ("Георги Петров", "Georgi Petrov"),
    ("Юлия ЩУКИНА", "Yuliya SHCHUKINA"),
    ("Игорь", "Igor"),
    ("Γιώργος Παπαδόπουλος", "Giorgos Papadopoulos"),
    ("Ευάγγελος Μαΐου", "Evangelos Maiou"),
    ("Γιώργος Μπάμπης", "Giorgos Bampis"),
    ("Guðrún Þórsdóttir", "Gudrun Thorsdottir"),
    ("ÞÓRA", "THORA"),
    ("Kate O’Sullivan", "Kate O'Sullivan"),
    ("Łęcka & Søren", "Lecka Soren"),
    ("Nguyễn Văn Ạ", "Nguyen Van A"),
    ("İpek Işık", "Ipek Isik"),
    ("李小龙", "Li Xiao Long"),
    ("김유나", "Gim Yu Na"),
    ("अंजलि शर्मा", "Amjli Srma"),
    ("Anna \U0001f389 Bell", "Anna Bell"),
    ("Anna\u200b \u200eBell", "Anna Bell"),
    ("\U0001f389", ""),
    ("a" * 80, "a" * 70),
    ("a\x00b", "a b"),
    ("  x  y ", "x y"),
    ("/a//b/", "a/b"),
]


@pytest.mark.parametrize(("text", "written"), NAMES)
def test_names_are_transliterated_for_sepa(text, written):
    assert transliterate(text, 70) == written


def test_transliterated_names_have_only_characters_that_banks_accept():
    # One name for each 200 characters of the basic plane, surrogates left out.
    names = ["".join(map(chr, range(start, start + 200))) for start in range(1, 0xD700, 200)]
    left = {character for name in names for character in transliterate(name, 2000)}
    assert left <= set("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789/-?:().,'+ ")
    assert len(left) > 60


def test_sepa_file_keeps_the_length_limits():
    long = "Щ" * 140
    root = ET.fromstring(
        METHODS["sepa"].build_file(SENDER._replace(name=long), [TO[0]._replace(holder=long, note=long)])
    )
    assert {len(node.text or "") for node in root.iterfind(".//p:Nm", NS)} == {70}
    assert [len(node.text or "") for node in root.iterfind(".//p:Ustrd", NS)] == [140]


OUTSIDE_SEPA = [
    "TR330006100519786457841326",
    "AE070331234567890123456",
    "XK051212012345678906",
    "IL620108000000099999999",
]


@pytest.mark.parametrize("account", OUTSIDE_SEPA)
def test_iban_outside_sepa_is_refused(account):
    with pytest.raises(ValidationError, match="outside SEPA") as error:
        METHODS["sepa"].normalize(Account(account))
    assert list(error.value.message_dict) == ["account"]


def test_sepa_countries_include_all_that_the_iban_library_knows():
    known = {country for country in registry.get_countries() if registry.get_iban_spec(country).in_sepa_zone}
    assert len(known) == 34
    assert known <= SEPA_COUNTRIES
    assert len(SEPA_COUNTRIES) == 42


@pytest.mark.parametrize(
    "account",
    [
        "FR76-3000-6000-0112-3456-7890-189",
        "FR76\u20113000\u20116000\u20110112\u20113456\u20117890\u2011189",
        "\u202afr76 3000\u00a06000 0112\t3456 7890 189\u202c\u200b",
        "IBAN FR76 3000 6000 0112 3456 7890 189",
        "ＦＲ７６３０００６００００１１２３４５６７８９０１８９",
    ],
)
def test_iban_is_taken_in_any_spelling(account):
    assert METHODS["sepa"].normalize(Account(account)).account == "FR7630006000011234567890189"


@pytest.mark.parametrize("account", ["FR76+3000+6000+0112+3456+7890+189", "FR76٣٠٠٠6000011234567890189", "", "FR"])
def test_iban_with_other_characters_is_refused(account):
    with pytest.raises(ValidationError, match="not valid"):
        METHODS["sepa"].normalize(Account(account))


def test_paypal_address_has_no_invisible_or_control_characters():
    assert METHODS["paypal"].normalize(Account("zw@example.org\u200b")) == Account("zw@example.org")
    assert METHODS["paypal"].normalize(Account("\u202aPay@Example.org\u202c ")) == Account("pay@example.org")
    for account in ['"a\x01b"@example.org', "a\x00@example.org", "a\nb@example.org"]:
        with pytest.raises(ValidationError) as error:
            METHODS["paypal"].normalize(Account(account))
        assert list(error.value.message_dict) == ["account"]


def test_files_have_a_limit_of_payouts():
    assert METHODS["paypal"].max_transfers == 5_000
    assert all(0 < method.max_transfers <= 10_000 for method in METHODS.values())


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1", "'=1"),
        ("+1", "'+1"),
        ("-1", "'-1"),
        ("@x", "'@x"),
        ("\tx", "'\tx"),
        ("a\x00b", "ab"),
        ("\x00=1", "'=1"),
        (Decimal("-1.50"), "-1.50"),
        (-3, "-3"),
        (None, '""'),
        ("a-b", "a-b"),
    ],
)
def test_csv_cells_are_escaped(cell, written):
    assert build_csv(None, [(cell,)]).decode().rstrip("\r\n") == written


def test_carriage_return_is_quoted():
    assert build_csv(None, [("\rx",)]) == b'"\'\rx"\r\n'
