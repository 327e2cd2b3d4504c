"""CSV files for browsers have a byte order mark, those for banks and scripts have none."""

import re
from decimal import Decimal
from pathlib import Path

import pytest
from django.conf import settings

from lib.csv import Cell, build_csv
from lib.csv_downloads import build_csv_response, stream_csv_response

ROWS: list[list[Cell]] = [["Zoë", Decimal("-1.50")]]
FILE = "\ufeffname,amount\r\nZoë,-1.50\r\n".encode()
# Every module that writes CSV without the functions of `lib.csv_downloads`: files for banks and providers, and commands.
WITHOUT_MARK = {
    "payouts/payout_details/methods/paypal/__init__.py",
    "payouts/payout_details/methods/bank/__init__.py",
    "payouts/management/commands/export_statements.py",
}
DOWNLOADS = {
    "agreements/admin/responses_page.py",
    "payouts/admin/adjustments.py",
    "payouts/admin/closes.py",
    "payouts/admin/dry_run.py",
    "payouts/admin/ledger.py",
    "payouts/reporting/page.py",
    "payouts/views/commissions.py",
    "payouts/views/links.py",
    "payouts/views/payouts.py",
    "payouts/views/statements.py",
    "portal/csv_reports/download.py",
    "shops/admin/order_files.py",
    "tracking/views/bulk.py",
}


def list_modules(pattern: str) -> set[str]:
    """Return the paths of the product's modules whose text matches `pattern`."""
    apps = [app for app in Path(settings.BASE_DIR).iterdir() if (app / "__init__.py").exists() and app.name != "tests"]
    modules = [module for app in apps for module in app.rglob("*.py")]
    return {str(row.relative_to(settings.BASE_DIR)) for row in modules if re.search(pattern, row.read_text())}


def test_downloads_begin_with_a_byte_order_mark():
    whole, streamed = (build("a.csv", ["name", "amount"], ROWS) for build in (build_csv_response, stream_csv_response))
    assert whole.content == b"".join(streamed) == FILE
    for response in (whole, streamed):
        assert response["Content-Type"] == "text/csv; charset=utf-8"
        assert response["Content-Disposition"] == 'attachment; filename="a.csv"'
    assert build_csv(["name", "amount"], ROWS) == FILE.removeprefix("\ufeff".encode())


@pytest.mark.django_db
def test_stream_is_sent_in_large_pieces_and_closes_its_rows():
    closed = []

    class Rows(list):
        def close(self) -> None:
            closed.append(True)

    response = stream_csv_response("a.csv", ["name"], Rows([["x" * 998]] * 200))
    pieces = list(response)
    assert pieces[0] == "\ufeffname\r\n".encode()
    assert [len(piece) // 1000 for piece in pieces[1:]] == [66, 66, 66, 2]
    assert not closed
    response.close()
    assert closed == [True]


def test_file_that_breaks_off_says_so(caplog):
    def read_rows():
        yield ["a"]
        raise OSError("the disk is gone")

    lines = b"".join(stream_csv_response("a.csv", ["name"], read_rows())).decode().split("\r\n")
    assert lines[-2] == "ERROR: This file is incomplete. Download it again."
    assert "the disk is gone" in caplog.text


def test_yes_and_no_are_words():
    assert build_csv(None, [[True, False, 1, None]]) == b"true,false,1,\r\n"


def test_every_module_that_writes_csv_is_known():
    downloads = list_modules(r"csv_downloads|\b(build|stream)_csv_response\b") - {"lib/csv_downloads.py"}
    assert downloads - {"payouts/admin/reports.py", "payouts/views/reports.py"} == DOWNLOADS
    writers = list_modules(r"\b(build_csv|iter_csv_lines|csv\.writer|csv\.DictWriter|TableExport|tablib)\b")
    assert writers - {"lib/csv.py", "lib/csv_downloads.py"} == WITHOUT_MARK
    # The API's document names the type.
    assert list_modules('"text/csv') - {"lib/csv_downloads.py", "portal/csv_reports/api.py"} <= WITHOUT_MARK


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("a;=1+1", "a;'=1+1"),
        ("a; =1+1", "a;' =1+1"),
        ('a;"=1+1"', 'a;\'"=1+1"'),
        ("a\t@x", "a\t'@x"),
        ("a\n-1", "a\n'-1"),
        ("a\r+1", "a\r'+1"),
        ("a;\x00=1", "a;'=1"),
        ("a;=1;+2", "a;'=1;'+2"),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("a;＠x", "a;'＠x"),
        (" =1", "' =1"),
        ("\u200b=1", "'\u200b=1"),
        ("\ufeff=1", "'\ufeff=1"),
        ("\x0b=1", "'\x0b=1"),
        ("a;\u3000=1", "a;'\u3000=1"),
        ("\t=1", "'\t'=1"),
        ("a;b", "a;b"),
        ("a=1; b-c", "a=1; b-c"),
        ("2026-01-01", "2026-01-01"),
    ],
)
def test_every_start_of_a_formula_is_escaped(text, written):
    # In quotes if it has a quote, a line break or a comma.
    line = build_csv(None, [[text]]).decode()
    assert line in (f"{written}\r\n", '"' + written.replace('"', '""') + '"\r\n')
