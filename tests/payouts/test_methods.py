"""Payout files of each method."""

import csv
import io
from datetime import UTC, datetime
from decimal import Decimal
from xml.etree import ElementTree as ET

import pytest
from django.core.exceptions import ValidationError

from lib.csv import build_csv
from payouts.payout_details.methods import METHODS, Money, Sender, Transfer
from payouts.payout_details.methods.sepa.pain001 import transliterate

SENDER = Sender("Shop Ltd", "NL91ABNA0417164300", "0123456789abcdef", datetime(2026, 2, 3, 12, 0, tzinfo=UTC))
EUR = "EUR"
TO = [
    Transfer(
        "AC1",
        "Zoë Müller-Łęcka & Söhne",
        "DE89370400440532013000",
        "DE",
        Money(Decimal("100.00"), EUR),
        "Accord A1",
    ),
    Transfer("AC2", "=1+1", "FR1420041010050500013M02606", "", Money(Decimal("0.55"), EUR), "Accord A2"),
]
NS = {"p": "urn:iso:std:iso:20022:tech:xsd:pain.001.001.09"}


def test_paypal_file_has_columns_without_header():
    to = Transfer("AC1", "A", "a@example.com", "GB", Money(Decimal("16.00"), "USD"), "-note")
    assert METHODS["paypal"].build_file(SENDER, [to]) == b"a@example.com,16.00,USD,AC1,'-note,PayPal\r\n"


def test_plain_csv_escapes_formulas():
    rows = list(csv.reader(io.StringIO(METHODS["bank"].build_file(SENDER, TO).decode())))
    assert rows[0] == ["reference", "holder", "account", "country", "amount", "currency", "note"]
    assert rows[2] == ["AC2", "'=1+1", "FR1420041010050500013M02606", "", "0.55", "EUR", "Accord A2"]


def test_sepa_file_has_sums_references_and_ibans():
    root = ET.fromstring(METHODS["sepa"].build_file(SENDER, TO))
    assert root.tag == "{urn:iso:std:iso:20022:tech:xsd:pain.001.001.09}Document"
    assert [node.text for node in root.iterfind(".//p:CtrlSum", NS)] == ["100.55", "100.55"]
    assert [node.text for node in root.iterfind(".//p:NbOfTxs", NS)] == ["2", "2"]
    assert [node.text for node in root.iterfind(".//p:EndToEndId", NS)] == ["AC1", "AC2"]
    assert [node.text for node in root.iterfind(".//p:CdtrAcct/p:Id/p:IBAN", NS)] == [TO[0].account, TO[1].account]
    assert [node.get("Ccy") for node in root.iterfind(".//p:InstdAmt", NS)] == ["EUR", "EUR"]
    assert [node.text for node in root.iterfind(".//p:Cdtr/p:Nm", NS)] == ["Zoe Muller-Lecka Sohne", "1+1"]
    assert [node.text for node in root.iterfind(".//p:Cdtr/p:PstlAdr/p:Ctry", NS)] == ["DE"]


def test_redacted_file_lacks_only_the_payee():
    """Every byte of the other payee's row, all amounts and both references stay."""
    for code, row_of_other in (("paypal", 1), ("bank", 2)):
        before = METHODS[code].build_file(SENDER, TO)
        after = METHODS[code].redact_file(before, {"AC1"})
        assert b"DE89" not in after
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
    gone = (b"Zoe Muller-Lecka Sohne", b"DE89370400440532013000", b"<Ctry>DE</Ctry>", b"Accord A1")
    assert [text for text in gone if text not in before or text in after] == []
    changed = [(old, new) for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert len(changed) == 4
    assert METHODS["sepa"].redact_file(before, {"AC3"}) == before


def test_sepa_needs_a_payer_and_euro():
    with pytest.raises(ValidationError, match="SEPA_DEBTOR_IBAN"):
        METHODS["sepa"].build_file(SENDER._replace(account=""), TO)
    assert METHODS["sepa"].get_currency_error("USD")
    assert not METHODS["sepa"].get_currency_error("EUR")


def test_equal_payouts_give_equal_files():
    for method in METHODS.values():
        assert method.build_file(SENDER, TO) == method.build_file(SENDER, TO)


@pytest.mark.parametrize(
    ("text", "written"),
    [("Straße", "Strasse"), ("李", "-"), ("a" * 80, "a" * 70), ("a\x00b", "a b"), ("  x  y ", "x y")],
)
def test_names_are_transliterated_for_sepa(text, written):
    assert transliterate(text, 70) == written


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
