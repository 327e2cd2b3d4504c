"""The CSV reader: delimiters, encodings, headings, line numbers, and refusals with the line they are about."""

import io

import pytest

from lib.csv import MAX_BYTES, MAX_COLUMNS, MAX_LINES, MAX_ROW_BYTES, CsvError, read_csv, read_table


def read(content: bytes) -> list[tuple[int, list[str]]]:
    return [(row.line, row.cells) for row in read_csv(io.BytesIO(content))]


def read_cells(content: bytes) -> list[list[str]]:
    """Return the headings and the rows of a table."""
    table = read_table(io.BytesIO(content))
    return [table.headings, *(row.cells for row in table.rows)]


def test_cells_are_stripped_and_blank_rows_skipped():
    assert read(b"a, b \n\n , \n\xc2\xa0,\nc,d\n,,,\n,\n") == [(1, ["a", "b"]), (5, ["c", "d"])]


def test_row_is_numbered_by_the_line_of_the_file_on_which_it_begins():
    assert read(b'a\n"two\nlines"\nb\n') == [(1, ["a"]), (2, ["two\nlines"]), (4, ["b"])]


@pytest.mark.parametrize("line_end", [b"\n", b"\r\n", b"\r"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "byte order mark"])
@pytest.mark.parametrize("declared", [b"", b"sep=;", b"SEP=;", b'"sep=;"', b"sep=;;;;"])
def test_every_line_end_mark_and_delimiter_line_is_accepted(line_end, mark, declared):
    lines = [declared] if declared else []
    content = mark + line_end.join([*lines, b"a;b", b"c;d", b""])
    begin = len(lines) + 1
    assert read(content) == [(begin, ["a", "b"]), (begin + 1, ["c", "d"])]


@pytest.mark.parametrize("codec", ["utf-16", "utf-16-le", "utf-16-be"])
def test_utf16_with_a_byte_order_mark_is_read(codec):
    text = "Name;Größe\nZoë;1\n"
    assert read_cells((text if codec == "utf-16" else "\ufeff" + text).encode(codec)) == [
        ["Name", "Größe"],
        ["Zoë", "1"],
    ]


@pytest.mark.parametrize(
    ("content", "cells"),
    [
        ("a,b\n1,2", ["a", "b"]),
        ("a;b\n1;2", ["a", "b"]),
        ("a\tb\n1\t2", ["a", "b"]),
        ("a|b\n1|2", ["a", "b"]),
        ("a\n1,5", ["a"]),
        ("a;b;c\n1,5;2,5;3,5", ["a", "b", "c"]),
        ("Name, first;Email\nAda;a@example.org", ["Name, first", "Email"]),
        ('"x;y",b\n"1;2;3",2', ["x;y", "b"]),
        ("Order;Amount, net;Status\nA1;15,30;paid", ["Order", "Amount, net", "Status"]),
        ("a,b;c,d\n1,2;3,4", ["a", "b;c", "d"]),
    ],
)
def test_delimiter_is_the_one_that_divides_headings_and_rows_alike(content, cells):
    assert next(read_csv(io.BytesIO(content.encode()))).cells == cells


def test_delimiter_line_with_an_unknown_delimiter_is_refused():
    with pytest.raises(CsvError, match="Line 1: “:” cannot be read as a delimiter"):
        read(b"sep=:\na:b\n")


@pytest.mark.parametrize(
    ("content", "line", "cause"),
    [
        (b"a\nb\n\xff\n", 3, "not UTF-8"),
        ("name\nMüller\n".encode("cp1252"), 2, "not UTF-8, so letters with accents would be wrong|save the file as"),
        (b"a\nb\0\n", 2, "NUL character"),
        ("a".encode("utf-16-le"), 1, "NUL character"),
        ("a".encode("utf-32"), 1, "NUL character|not UTF-8"),
        (b"\xff\xfea\x00\x00\xd8", 0, "not UTF-16"),
        (b'a\nb\n"c\nd\n', 3, "not CSV: unexpected end of data"),
        (b'a\n"b"c\n', 2, "not CSV"),
        (b"a\n" + b"b" * (MAX_ROW_BYTES + 1), 2, "1 MiB"),
        (b"a,b\n" + b"b," * MAX_COLUMNS + b"b\n", 2, "201 cells; at most 200"),
        (b"\n" * (MAX_LINES + 1), 0, "150,000 lines"),
        (b" " * (MAX_BYTES + 1), 0, "larger than 10 MiB"),
    ],
    ids=lambda value: repr(value)[:20],
)
def test_unreadable_file_is_refused_with_the_line(content, line, cause):
    with pytest.raises(CsvError, match=cause) as error:
        read(content)
    assert error.value.line == line


def test_blank_cells_and_headings_at_the_end_are_cut_off():
    assert read_cells(b"a,b,,\n1,2,,\n3,4,,,,\n") == [["a", "b"], ["1", "2"], ["3", "4"]]


@pytest.mark.parametrize(
    ("content", "line", "cause"),
    [
        (b"a,b\nc\n", 2, "This row has 1 cell, but there are 2 headings. The cell for “b” is missing"),
        (b"a,b\n1,2\n1,2,3\n", 3, "This row has 3 cells, but there are 2 headings. Column 3 has no heading: “3”"),
        (b"a,,c\n1,,3\n1,2,3\n", 3, "Column 2 has no heading, but this row has “2” there"),
        (b"Code,code\n1,2\n", 1, "Two columns have the same heading: “Code” and “code”"),
        (b"pay_out, Pay-Out\n1,2\n", 1, "Two columns have the same heading: “pay_out” and “Pay-Out”"),
        (b"a,a\n1,2\n", 1, "Two columns have the heading “a”"),
        (b"a,15.30\n1,2\n", 1, "“15.30” is not a heading"),
        (b"a," + b"b" * 201 + b"\n1,2\n", 1, "longer than 200 characters"),
        (b"", 0, "The file is empty"),
    ],
)
def test_ragged_rows_and_bad_headings_are_refused_by_line_and_column(content, line, cause):
    with pytest.raises(CsvError, match=cause) as error:
        read_cells(content)
    assert error.value.line == line
