"""The CSV reader: row and line numbers, encodings, line ends, and refusals with the line they are about."""

import io

import pytest

from lib.csv import MAX_BYTES, MAX_COLUMNS, MAX_LINES, MAX_ROW_BYTES, CsvError, check_width, detect_delimiter, read_csv


def read(content: bytes, delimiter: str = ",") -> list[tuple[int, int, list[str]]]:
    return [(row.number, row.line, row.cells) for row in read_csv(io.BytesIO(content), delimiter)]


def test_cells_are_stripped_and_blank_rows_skipped():
    assert read(b"a, b \n\n , \nc,d\n") == [(1, 1, ["a", "b"]), (4, 4, ["c", "d"])]


def test_row_number_and_line_differ_after_a_quoted_line_end():
    assert read(b'a\n"two\nlines"\nb\n') == [(1, 1, ["a"]), (2, 2, ["two\nlines"]), (3, 4, ["b"])]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
def test_every_line_end_is_accepted_with_and_without_a_byte_order_mark(line_end, mark):
    assert read(mark + line_end.join([b"a;b", b"c;d", b""]), ";") == [(1, 1, ["a", "b"]), (2, 2, ["c", "d"])]


@pytest.mark.parametrize(("content", "delimiter"), [(b"a,b;c,d", ","), (b"a;b;c,d", ";"), (b"a\tb", "\t"), (b"a", ",")])
def test_delimiter_is_the_most_frequent_in_the_first_line(content, delimiter):
    assert detect_delimiter(io.BytesIO(content + b"\n;;;;;,,,,,\t\t\t\t\t")) == delimiter


@pytest.mark.parametrize(
    ("content", "line", "cause"),
    [
        (b"a\nb\n\xff\n", 3, "not UTF-8"),
        (b"a\nb\0\n", 2, "NUL character"),
        ("a".encode("utf-16"), 1, "NUL character"),
        (b'a\nb\n"c\nd\n', 3, "not CSV: unexpected end of data"),
        (b'a\n"b"c\n', 2, "not CSV"),
        (b"a\n" + b"b" * (MAX_ROW_BYTES + 1), 2, "1 MiB"),
        (b"a\n" + b"b," * MAX_COLUMNS + b"b\n", 2, "201 cells; at most 200"),
        (b"\n" * (MAX_LINES + 1), 0, "150,000 lines"),
        (b" " * (MAX_BYTES + 1), 0, "larger than 10 MiB"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_unreadable_file_is_refused_with_the_line(content, line, cause):
    with pytest.raises(CsvError, match=cause) as error:
        read(content)
    assert error.value.line == line


def test_row_must_have_as_many_cells_as_there_are_headings():
    _headings, row = read_csv(io.BytesIO(b"a,b\nc\n"))
    check_width(row, 1)
    with pytest.raises(CsvError, match="Line 2: This row has 1 cell, but there are 2 headings"):
        check_width(row, 2)
