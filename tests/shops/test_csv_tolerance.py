"""CSV files of orders as spreadsheets write them: values read tolerantly, defaults said, and the rest refused."""

from zoneinfo import ZoneInfo

import pytest

from shops.csv_import import files
from shops.models import Reject
from tests.scenarios import NOW
from tests.shops.order_files import AT, HEADINGS, build_file, build_row, import_file, upload, upload_and_preview
from tracking.models import OrderLine, OrderSnapshot

pytestmark = pytest.mark.django_db

MINIMAL = "order_id,status,placed_at,category,amount\nA1,paid,2026-01-10 12:00:00 +0100,home-decor,15.3\n"


def read_content(order_id: str = "A1") -> dict:
    return OrderSnapshot.objects.get(order_id=order_id).content


def test_delimiter_line_blank_rows_and_extra_columns_are_skipped(clerk):
    content = build_file(build_row(), delimiter=";").decode().replace("\n", ";\n")
    lines = content.replace("refunded;", "refunded;Our note").splitlines()
    file = import_file(clerk, ("\ufeffsep=;\r\n" + "\r\n".join([lines[0], lines[1] + "x", ";" * 17, ""])).encode())
    assert file.outcomes == {"created": 1}
    assert "Columns that are not imported: Our note." in file.notes


@pytest.mark.parametrize(
    ("text", "amount"),
    [("15.3", "15.30"), ("15", "15.00"), ("0", "0.00"), ("15,30", "15.30"), ("1.234,56", "1234.56"),
     ("1,234.56", "1234.56"), ("$15.30", "15.30"), ("15.30 USD", "15.30")],
)  # fmt: skip
def test_amount_is_read_as_excel_writes_it(clerk, text, amount):
    import_file(clerk, build_file(build_row(amount=text), delimiter=";"))
    assert str(OrderLine.objects.get().amount) == amount


@pytest.mark.parametrize(
    ("field", "text", "cause"),
    [
        ("amount", "1,234", "may be 1234 or 1.234"),
        ("amount", "15.30 EUR", "is not in USD"),
        ("amount", "-1.00", "is not an amount"),
        ("amount", "=SUM(A1)", "is not an amount"),
        ("amount", "9" * 400, "is not an amount"),
        ("amount", "1000000.01", "must be at most 1000000.00"),
        ("refunded", "1,234", "may be 1234 or 1.234"),
        ("refunded", "100.01", "must not be more than the amount"),
        ("quantity", "2.5", "must be a whole number"),
        ("quantity", "9" * 30, "must be a whole number"),
        ("placed_at", "03/04/2026 12:00", "may be two different days"),
        ("placed_at", "2026-01-10", "is not a date with a time"),
        ("placed_at", "2027-01-10 12:00 +0000", "is more than five minutes in the future"),
        ("updated_at", "soon", "is not a date with a time"),
        ("currency", "EUR", "must be USD"),
        ("status", "shipped", "must be paid, completed or cancelled"),
        ("order_id", "GB/1001", "must be 1 to 64 letters"),
        ("order_id", "=1+1", "must be 1 to 64 letters"),
        ("line_id", "x" * 65, "must have at most 64 characters"),
    ],
)
def test_value_that_is_none_or_may_be_two_is_rejected_with_line_and_field(clerk, field, text, cause):
    file = upload_and_preview(clerk, build_file(build_row("OK"), build_row("B1") | {field: text}, delimiter="|"))
    reject = file.rejects.get()
    assert (reject.row, reject.heading) == (3, field)
    assert cause in reject.cause


def test_missing_columns_have_defaults_that_the_preview_names(clerk):
    file = import_file(clerk, MINIMAL.encode())
    content = read_content()
    [line] = content["lines"]
    assert (content["updated_at"], content["currency"]) == ("2026-11-22T12:00:00Z", "USD")
    assert (line["line_id"], line["quantity"], line["amount"], line["refunded"]) == ("1", 1, "15.30", "0.00")
    assert content["placed_at"] == "2026-01-10T11:00:00Z"
    assert file.notes == [
        "There is no column for updated_at: the time of the upload is taken.",
        "There is no column for currency: the program's currency is taken.",
        "There is no column for line_id: the number of the line in its order is taken.",
        "There is no column for quantity: 1 is taken.",
        "There is no column for refunded: 0.00 is taken.",
    ]


def test_file_without_updated_at_changes_nothing_when_it_is_imported_again(clerk):
    assert import_file(clerk, MINIMAL.encode()).outcomes == {"created": 1}
    assert import_file(clerk, MINIMAL.encode()).outcomes == {"unchanged": 1}


def test_blank_cells_have_the_same_defaults(clerk):
    blank = dict.fromkeys(("updated_at", "currency", "quantity", "refunded"), "")
    file = import_file(clerk, build_file(build_row(line="", **blank), build_row(line="", **blank)))
    assert file.outcomes == {"created": 1}
    assert sorted(OrderLine.objects.values_list("line_id", "quantity")) == [("1", 1), ("2", 1)]
    assert "refunded has no value 2 times: 0.00 is taken." in file.notes
    assert "updated_at has no value once: the time of the upload is taken." in file.notes


def test_lines_are_numbered_within_their_order_and_order_cells_may_be_blank_on_further_lines(clerk):
    blank = dict.fromkeys(HEADINGS[1:10], "")
    rows = [build_row("#1001", ""), build_row("#1002", ""), build_row("#1001", "", **blank)]
    assert import_file(clerk, build_file(*rows)).outcomes == {"created": 2}
    assert sorted(OrderLine.objects.values_list("order__order_id", "line_id")) == [
        ("1001", "1"), ("1001", "2"), ("1002", "1"),
    ]  # fmt: skip


def test_time_without_offset_is_read_in_the_program_time_zone_and_said(clerk, monkeypatch):
    monkeypatch.setattr(files, "get_program_time_zone", lambda: ZoneInfo("Europe/Berlin"))
    file = import_file(clerk, build_file(build_row(placed_at="2026-01-10 12:00:00")))
    assert read_content()["placed_at"] == "2026-01-10T11:00:00Z"
    assert "Times without an offset are read in the program's time zone, Europe/Berlin." in file.notes


@pytest.mark.parametrize(
    ("word", "status"),
    [("Paid", "paid"), ("COMPLETED", "completed"), ("complete", "completed"), ("Canceled", "cancelled")],
)
def test_status_is_read_in_any_case(clerk, word, status):
    import_file(clerk, build_file(build_row(status=word, completed_at=AT if status == "completed" else "")))
    assert read_content()["status"] == status


def test_completed_order_without_a_date_counts_from_its_snapshot(clerk):
    file = import_file(clerk, build_file(build_row(status="completed")))
    assert read_content()["completed_at"] == AT
    assert "completed_at has no value once: updated_at is taken." in file.notes


def test_amount_is_the_price_of_all_pieces_if_the_file_has_no_other(clerk):
    content = "order,status,placed_at,category,qty,unit price\nA1,paid,2026-01-10 12:00Z,home-decor,3,5.10\n"
    import_file(clerk, content.encode())
    assert str(OrderLine.objects.get().amount) == "15.30"


def test_rejected_row_is_named_by_its_line_in_the_file(clerk):
    rows = build_file(build_row(title='"two\nlines"'), build_row("B1", amount="x")).decode()
    file = upload_and_preview(clerk, ("sep=,\n" + rows).encode())
    assert [reject.row for reject in file.rejects.all()] == [5]


@pytest.mark.parametrize("count", [1_000, 20_000])
def test_order_of_very_many_lines_costs_time_in_proportion(clerk, count):
    file = upload_and_preview(clerk, build_file(*(build_row(line=str(number)) for number in range(count))))
    assert file.expected_outcomes == ({"created": 1} if count == 1_000 else {"rejected": 1})


def test_sample_shows_the_rows_as_they_will_be_imported(clerk):
    file = upload(clerk, MINIMAL.encode())
    files.match_columns(file=file, mapping=files.propose_mapping(file), now=NOW)
    file.refresh_from_db()
    fields, [row] = files.preview_sample(file)
    values = dict(zip(fields, row, strict=True))
    assert (values["amount"], values["quantity"], values["currency"]) == ("15.30", "1", "USD")
    assert values["placed_at"] == "2026-01-10T12:00:00+01:00"
    assert not Reject.objects.exists()
