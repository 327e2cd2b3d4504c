"""Files that are not CSV files of orders are refused at upload, with little work and in little memory."""

import io
import re
import tracemalloc

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from lib.csv import MAX_BYTES, CsvError
from shops.csv_import.files import inspect_file
from shops.models import OrderFile
from tests.call_counts import count_calls
from tests.shops.order_files import build_file, build_row

pytestmark = pytest.mark.django_db

# Of an upload, the page included: enough to read each of the most lines or cells once, but not twice.
MAX_CALLS = 2_500_000
GOOD = build_file(build_row())
BAD_FILES = {
    "empty": (b"", "is empty"),
    "empty lines": (b"\n\n\r\n", "is empty"),
    "headings only": (build_file(), "no rows below"),
    "no headings": (
        build_file(build_row(), headings=list(build_row().values())),
        "“2026-01-10T12:00:00Z” is not a heading",
    ),
    "a column without a heading": (
        GOOD.replace(b"sku", b""),
        "Line 2: Column 12 has no heading, but this row has “85123A” there",
    ),
    "duplicate heading": (GOOD.replace(b"sku", b"Title"), "Two columns have the same heading: “Title” and “title”"),
    "short row": (GOOD + b"A2,x\n", "Line 3: This row has 2 cells, but there are 17 headings"),
    "long row": (GOOD.replace(b",0.00\n", b",0.00,1\n"), "Line 2: This row has 18 cells"),
    "bad UTF-8": (GOOD.replace(b"WHITE", b"\xff"), "Line 2: This is not UTF-8"),
    "UTF-16 without a mark": (GOOD.decode().encode("utf-16-le"), "not UTF-8|NUL"),
    "UTF-16 cut off": (GOOD.decode().encode("utf-16")[:-1], "not UTF-16"),
    "10 MiB of UTF-16": (("\ufeff" + "x" * (MAX_BYTES // 2 - 1)).encode("utf-16-le"), "1 MiB"),
    "a NUL": (GOOD.replace(b"WHITE", b"\0"), "Line 2: There is a NUL character"),
    "open quote": (GOOD.replace(b"WHITE", b'"WHITE') * 9, "not CSV|1 MiB|cells"),
    "not CSV": (GOOD.replace(b"85123A", b'"85123A"x'), "Line 2: This is not CSV"),
    "10 MiB + 1": (GOOD + b" " * (MAX_BYTES + 1 - len(GOOD)), "larger than 10 MiB"),
    "100,000 columns": (b",".join(b"c%d" % n for n in range(100_000)) + b"\n", "100,000 cells; at most 200"),
    "20,000 columns": (b",".join(b"c%d" % n for n in range(20_000)) + b"\n", "20,000 cells; at most 200"),
    "10 MiB of commas": (b"," * MAX_BYTES, "1 MiB"),
    "10 MiB of commas below headings": (GOOD + b"," * (MAX_BYTES - len(GOOD)), "1 MiB"),
    "10 MiB of one open quote": (GOOD + b'"' + b"x\n" * ((MAX_BYTES - len(GOOD)) // 2 - 1), "1 MiB|not CSV"),
    "10 MiB of quoted line ends": (GOOD + b'"a\n",' * ((MAX_BYTES - len(GOOD)) // 5), "1 MiB|150,000 lines"),
    "10 MiB of letters": (b"x" * MAX_BYTES, "1 MiB"),
    "10 MiB of empty lines": (b"\n" * MAX_BYTES, "more than 150,000 lines"),
    "10 MiB of empty lines below headings": (GOOD + b"\n" * (MAX_BYTES - len(GOOD)), "more than 150,000 lines"),
    "10 MiB of single cells": (GOOD + b"x\n" * ((MAX_BYTES - len(GOOD)) // 2), "Line 3: This row has 1 cell,"),
    "short row at the end": (
        GOOD + GOOD.split(b"\n")[1].join([b"\n"] * 55_000).strip() + b"\nx\n",
        r"Line 55\d\d\d: This row has 1 cell,",
    ),
}


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_is_refused_with_the_cause_and_not_stored(clerk, client, name):
    content, cause = BAD_FILES[name]
    client.force_login(clerk)
    url, uploaded = reverse("admin:shops_orderfile_upload"), SimpleUploadedFile("orders.csv", content)
    client.get(url)  # warm up, so that only the bad file is measured
    with count_calls() as work:
        response = client.post(url, {"file": uploaded})
    assert response.status_code == 200
    error = response.context["form"].errors["file"][0]
    assert re.search(cause, error), error
    assert not OrderFile.objects.exists()
    assert work.calls <= MAX_CALLS


@pytest.mark.parametrize("name", BAD_FILES)
def test_bad_file_costs_little_memory(name):
    content, _cause = BAD_FILES[name]
    tracemalloc.start()
    with pytest.raises((CsvError, ValidationError)):
        inspect_file(io.BytesIO(content))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 25 * 1024 * 1024, peak
