"""CSV files that a browser downloads begin with a byte order mark; what commands write does not."""

import io

from lib.csv import build_csv, read_table
from lib.csv_downloads import build_csv_download, stream_csv_download

ROWS = [("Zoë", "=1+1")]


def test_download_begins_with_one_byte_order_mark_whether_streamed_or_not():
    whole, streamed = (make("a.csv", ["Größe", "b"], ROWS) for make in (build_csv_download, stream_csv_download))
    assert whole.getvalue() == streamed.getvalue() == "\ufeffGröße,b\r\nZoë,'=1+1\r\n".encode()
    assert whole.headers == streamed.headers or whole["Content-Type"] == streamed["Content-Type"]
    assert streamed["Content-Disposition"] == 'attachment; filename="a.csv"'


def test_command_output_has_no_byte_order_mark():
    assert build_csv(["a"], ROWS).startswith(b"a\r\n")


def test_download_is_read_by_our_own_imports():
    table = read_table(io.BytesIO(build_csv_download("a.csv", ["Größe", "b"], ROWS).content))
    assert (table.headings, [row.cells for row in table.rows]) == (["Größe", "b"], [["Zoë", "'=1+1"]])
