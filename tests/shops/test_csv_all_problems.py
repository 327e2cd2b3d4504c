"""A file names every problem of a row at once, so that it is corrected once (specification 4)."""

import io
import json

import pytest
from django.core.exceptions import ValidationError
from django.urls import reverse

from lib.csv_columns import MAX_ERRORS_NAMED
from shops.csv_import.files import inspect_file
from shops.models import Reject
from tests.scenarios import NOW, build_order, send_orders
from tests.shops.order_files import build_file, build_row, import_file, upload_and_preview
from tests.shops.test_csv_presets import FIRST, SECOND, SHOPIFY, build_export
from tracking.models import Order


def list_problems(file) -> list[tuple[int, str, str]]:
    return list(file.rejects.values_list("row", "field", "heading"))


@pytest.mark.django_db
def test_preview_and_import_name_every_problem_of_an_order(clerk):
    content = build_file(
        build_row("A1", status="shipped", currency="EUR", quantity="two", refunded="1,2,3", placed_at="soon"),
        build_row("A1", "1", status="lost", currency="USD", category=""),
        build_row("A2"),
        delimiter=";",
    )
    expected = [
        (2, "lines[0].quantity", "quantity"),
        (2, "lines[0].refunded", "refunded"),
        (2, "placed_at", "placed_at"),
        (3, "currency", "currency"),
        (3, "lines[1].category", "category"),
        (3, "lines[1].line_id", "line_id"),
        (3, "placed_at", "placed_at"),
        (3, "status", "status"),
    ]
    file = upload_and_preview(clerk, content)
    assert sorted(list_problems(file)) == expected
    assert (file.orders, file.expected_outcomes) == (2, {"rejected": 1, "created": 1})
    imported = import_file(clerk, content)
    assert sorted(list_problems(imported)) == expected
    assert list(Order.objects.values_list("order_id", flat=True)) == ["A2"]
    assert Reject.objects.count() == 1, "the inbox has one row for each order"


@pytest.mark.django_db
def test_problem_that_only_the_stored_order_shows_is_named(clerk):
    send_orders(build_order("MOVED"), now=NOW)
    moved = build_row("MOVED", placed_at="2026-01-09T12:00:00Z", updated_at="2026-01-11T12:00:00Z")
    assert list_problems(upload_and_preview(clerk, build_file(moved))) == [(2, "placed_at", "placed_at")]


@pytest.mark.django_db
def test_unreadable_total_of_an_export_is_named_once_beside_other_problems(clerk):
    content = build_export(SHOPIFY, FIRST | {"Subtotal": "many", "Created at": "soon", "Total": "all"}, SECOND)
    file = upload_and_preview(clerk, content)
    assert sorted(list_problems(file)) == [
        (2, "order_subtotal", "Subtotal"), (2, "order_total", "Total"), (2, "placed_at", "Created at"),
    ]  # fmt: skip


@pytest.mark.django_db
def test_amounts_are_computed_though_a_time_cannot_be_read(clerk):
    """The order is accepted once staff have corrected the time."""
    import_file(clerk, build_export(SHOPIFY, FIRST | {"Created at": "soon"}, SECOND))
    lines = json.loads(Reject.objects.get().content)["lines"]
    assert [line["amount"] for line in lines] == ["36.00", "9.00"]


def test_every_row_with_too_few_cells_is_named():
    content = build_file(build_row(), build_row("A2")) + b"A3,x\nA4,x\n"
    with pytest.raises(ValidationError) as refusal:
        inspect_file(io.BytesIO(content))
    assert [message[:8] for message in refusal.value.message_dict["file"]] == ["Line 4: ", "Line 5: "]


def test_endless_rows_with_too_few_cells_are_cut_off():
    with pytest.raises(ValidationError) as refusal:
        inspect_file(io.BytesIO(build_file(build_row()) + b"A3,x\n" * 100))
    messages = refusal.value.message_dict["file"]
    assert len(messages) == MAX_ERRORS_NAMED + 1
    assert messages[-1] == "More rows cannot be read."


@pytest.mark.django_db
def test_form_of_the_rejects_inbox_shows_every_problem_at_its_field(clerk, client):
    client.force_login(clerk)
    import_file(clerk, build_file(build_row(currency="EUR", quantity="two"), build_row(line="2", category="")))
    address = reverse("admin:shops_reject_correct", args=[Reject.objects.get().pk])
    form = client.get(address).context["form"]
    assert set(form.errors) == {"currency", "lines[0].quantity", "lines[1].category"}
    values = {name: form[name].value() or "" for name in form.fields}
    again = client.post(address, values | {"omit-0": "on", "lines[1].amount": "1,5"}).context["form"]
    assert set(again.errors) == {"currency", "lines[1].amount", "lines[1].category"}
