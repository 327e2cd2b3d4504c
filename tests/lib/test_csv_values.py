"""Amounts, times and whole numbers as spreadsheets write them; what may mean two things is refused."""

from zoneinfo import ZoneInfo

import pytest

from lib.csv_values import Unreadable, parse_amount, parse_moment, parse_whole_number

BERLIN = ZoneInfo("Europe/Berlin")


@pytest.mark.parametrize(
    ("text", "amount"),
    [
        ("15.30", "15.30"), ("15.3", "15.30"), ("15", "15.00"), ("0", "0.00"), ("15,30", "15.30"), ("15,3", "15.30"),
        ("1.234,56", "1234.56"), ("1,234.56", "1234.56"), ("1 234,56", "1234.56"), ("1\u00a0234,56", "1234.56"),
        ("1\u202f234,5", "1234.50"), ("1'234.50", "1234.50"), ("1’234.50", "1234.50"), ("1,234,567", "1234567.00"),
        ("1.234.567,8", "1234567.80"), ("1 234", "1234.00"), ("$15.30", "15.30"), ("$ 15.30", "15.30"),
        ("US$15.30", "15.30"), ("15.30 USD", "15.30"), ("usd 15", "15.00"), ("USD15.30", "15.30"), ("15,30$", "15.30"),
        (".5", "0.50"), (",50", "0.50"), ("0.5", "0.50"), ("15.3000", "15.30"), ("1234.500", "1234.50"),
        ("0.500", "0.50"), (" 15.30 ", "15.30"), ("12,345.60", "12345.60"), ("0012", "12.00"),
    ],
)  # fmt: skip
def test_amount_is_read_as_excel_and_shops_write_it(text, amount):
    assert parse_amount(text, "USD") == amount


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("1.234", "may be 1234 or 1.234"), ("1,234", "may be 1234 or 1.234"), ("12,345", "may be 12345 or 12.345"),
        ("15.301", "may be 15301 or 15.301"), ("$1,234", "may be"), ("15.3011", "more than two decimals"),
        ("0,123", "more than two decimals"), ("€15.30", "is not in USD"), ("15.30 EUR", "is not in USD"),
        ("£15", "is not in USD"), ("15.30 kr", "is not in USD"), ("-15.30", "is not an amount"),
        ("(15.30)", "is not an amount"), ("+15.30", "is not an amount"), ("1E+05", "is not an amount"),
        ("1e5", "is not an amount"), ("NaN", "is not an amount"), ("", "is not an amount"), ("15.", "is not an amount"),
        ("1.2.3", "is not an amount"), ("1,23,456.00", "is not an amount"), ("1.234,567.89", "is not an amount"),
        ("1,234 567.89", "is not an amount"), ("15 30", "is not an amount"), ("١٢", "is not an amount"),
        ("１５", "is not an amount"), ("15²", "is not an amount"), ("=15.30", "is not"), ("1_000", "is not"),
        ("9" * 13, "is not an amount"), ("9" * 100_000, "is not an amount"), ("1\x00", "is not"), ("\ud800", "is not"),
        ("'", "is not an amount"), (".", "is not an amount"), ("$", "is not an amount"), ("15.30 USD USD", "is not"),
    ],
)  # fmt: skip
def test_amount_that_is_none_or_may_be_two_is_refused(text, cause):
    with pytest.raises(Unreadable, match=cause):
        parse_amount(text, "USD")


@pytest.mark.parametrize(("text", "currency"), [("15,30 €", "EUR"), ("£15.30", "GBP"), ("15,30 zł", "PLN")])
def test_symbol_of_the_program_currency_is_accepted(text, currency):
    assert parse_amount(text, currency) == "15.30"


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("2026-11-20T12:00:00Z", "2026-11-20T12:00:00Z"),
        ("2026-11-20 12:00:00 +0100", "2026-11-20T12:00:00+01:00"),
        ("2026-11-20 12:00:00 -0530", "2026-11-20T12:00:00-05:30"),
        ("2026-11-20 12:00:00+01", "2026-11-20T12:00:00+01:00"),
        ("2026-11-20 12:00:00 UTC", "2026-11-20T12:00:00Z"),
        ("2026-11-20 12:00", "2026-11-20T12:00:00+01:00"),
        ("2026-11-20 12:00:00", "2026-11-20T12:00:00+01:00"),
        ("2026-07-20 12:00:00", "2026-07-20T12:00:00+02:00"),
        ("2026-07-20 12:00:00.25", "2026-07-20T12:00:00.250000+02:00"),
        ("20.11.2026 12:00", "2026-11-20T12:00:00+01:00"),
        ("20/11/2026 9:05:07", "2026-11-20T09:05:07+01:00"),
        ("11/20/2026 9:05 PM", "2026-11-20T21:05:00+01:00"),
        ("11/20/2026 12:05 am", "2026-11-20T00:05:00+01:00"),
        ("3/3/2026 12:00", "2026-03-03T12:00:00+01:00"),
    ],
)
def test_time_is_read_with_its_offset_or_in_the_time_zone(text, moment):
    assert parse_moment(text, BERLIN) == moment


@pytest.mark.parametrize(
    ("text", "cause"),
    [
        ("2026-11-20", "is not a date with a time"), ("", "is not a date"), ("03/04/2026 12:00", "two different days"),
        ("2026-03-29 02:30:00", "does not exist in the time zone Europe/Berlin"), ("2026-02-30 12:00", "not a valid"),
        ("2026-11-20 25:00", "not a valid time"), ("20.13.2026 12:00", "not a valid time"),
        ("13/13/2026 12:00", "not a valid time|two"), ("11/20/2026 13:05 PM", "not a valid time"),
        ("0001-01-01 00:00", "not a valid time"), ("9999-12-31 23:59", "^$"), ("1/1/0000 00:00", "not a valid time"),
        ("٢٠٢٦-11-20 12:00", "is not a date"), ("2026-11-20 12:00\x00", "is not a date"),
    ],
)  # fmt: skip
def test_time_that_is_none_or_may_be_two_is_refused(text, cause):
    if cause == "^$":
        assert parse_moment(text, BERLIN) == "9999-12-31T23:59:00+01:00"
        return
    with pytest.raises(Unreadable, match=cause):
        parse_moment(text, BERLIN)


@pytest.mark.parametrize(
    ("text", "number"),
    [("2", 2), ("2.0", 2), ("2,00", 2), ("2.5", "2.5"), ("1.000", "1.000"), ("", ""), ("9" * 19, "9" * 19), ("٢", "٢")],
)
def test_whole_number_is_read_and_everything_else_left_as_it_is(text, number):
    assert parse_whole_number(text) == number
