"""Orders imported from a CSV file."""

from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError

from affiliates.models import Affiliate
from audit.models import AuditRecord
from lib.csv_columns import ColumnMapping, guess_mapping
from payouts.payout_details import encryption
from shops import intake, rejects
from shops.csv_import import files
from shops.csv_import.columns import LAYOUT
from shops.models import OrderFile, OrderFileReject, Reject
from tests.scenarios import NOW, build_order, import_affiliates, send_orders
from tests.shops.order_files import AT, HEADINGS, build_file, build_row, import_file, upload, upload_and_preview
from tracking.models import Order, OrderLine, OrderSnapshot

pytestmark = pytest.mark.django_db


def test_import_stores_the_same_snapshots_as_the_api(clerk):
    import_file(
        clerk,
        build_file(
            build_row("A1", "1"), build_row("A2", "1"), build_row("A1", "2", category="toys-hobbies", amount="7.50")
        ),
    )
    by_file = list(OrderSnapshot.objects.order_by("order_id").values_list("order_id", "sha256"))
    first = build_order("A1", ("home-decor", "100.00"), ("toys-hobbies", "7.50"))
    assert [result.outcome for result in send_orders(first, build_order("A2"), now=NOW)] == ["unchanged", "unchanged"]
    assert [order_id for order_id, _ in by_file] == ["A1", "A2"]


def test_preview_and_import_count_orders_by_outcome(clerk):
    known = [
        build_order("OLD"),
        build_order("STALE", at="2026-01-12T12:00:00Z"),
        build_order("SAME"),
        build_order("OTHER"),
        build_order("MOVED"),
    ]
    send_orders(*known, now=NOW)
    content = build_file(
        build_row("NEW"), build_row("OLD", updated_at="2026-01-11T12:00:00Z"), build_row("SAME"), build_row("STALE"),
        build_row("OTHER", amount="99.00"),
        build_row("MOVED", placed_at="2026-01-09T12:00:00Z", updated_at="2026-01-11T12:00:00Z"),
        build_row("BAD", amount="1,500"),
        delimiter=";",
    )  # fmt: skip
    file = upload_and_preview(clerk, content)
    expected = {"created": 1, "updated": 1, "unchanged": 1, "stale": 1, "conflict": 1, "rejected": 2}
    assert file.expected_outcomes == expected
    assert not Order.objects.filter(order_id="NEW").exists(), "no order is stored before the import is confirmed"
    assert not Reject.objects.exists()
    previewed = list(file.rejects.values_list("row", "order_id", "field", "heading", "outcome", "cause"))
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    file.refresh_from_db()
    assert (file.state, file.outcomes, file.processed, file.content) == ("imported", expected, 7, None)
    assert list(file.rejects.values_list("row", "order_id", "field", "heading", "outcome", "cause")) == previewed
    assert [reject[:4] for reject in previewed] == [
        (6, "OTHER", "updated_at", "updated_at"),
        (7, "MOVED", "placed_at", "placed_at"),
        (8, "BAD", "lines[0].amount", "amount"),
    ]
    assert set(Reject.objects.values_list("order_id", flat=True)) == {"OTHER", "MOVED", "BAD"}


def test_imported_order_earns_commission(clerk, tmp_path):
    import_affiliates(["ANN"], tmp_path)
    import_file(clerk, build_file(build_row(coupon="ANN", completed_at=AT, status="completed")))
    order = Order.objects.get()
    assert (str(order.affiliate), str(order.lines.get().commission.amount)) == (str(Affiliate.objects.get()), "5.00")


def test_rejected_line_names_its_row_and_the_cause_given_by_the_api(clerk):
    rows = [
        build_row("A1", "1"),
        build_row("A1", "2", quantity="two"),
        build_row("A2", currency="EUR"),
        build_row("A3", category=""),
    ]
    file = upload_and_preview(clerk, build_file(*rows))
    results = send_orders(
        build_order("A1")
        | {"lines": [build_order()["lines"][0], build_order()["lines"][0] | {"line_id": "2", "quantity": "two"}]},
        build_order("A2", currency="EUR"),
        build_order("A3") | {"lines": [build_order()["lines"][0] | {"category": ""}]},
        now=NOW,
    )
    file_rejects = list(file.rejects.values_list("row", "field", "cause"))
    assert [reject[1:] for reject in file_rejects] == [(result.field, result.cause) for result in results]
    assert [reject[0] for reject in file_rejects] == [3, 4, 5]


def test_order_with_contradicting_rows_is_rejected_until_corrected(clerk):
    file = import_file(clerk, build_file(build_row(), build_row("A2"), build_row(line="2", status="cancelled")))
    file_reject = file.rejects.get()
    assert (file_reject.row, file_reject.order_id, file_reject.field) == (4, "A1", "status")
    assert "row 4 differs from row 2 ('cancelled', 'paid')" in file_reject.cause
    reject = Reject.objects.get()
    assert '"status": ["paid", "cancelled"]' in reject.content
    with pytest.raises(rejects.RejectedAgain, match="status: must be paid, completed or cancelled"):
        rejects.resend(reject=reject, now=NOW, by=clerk)


def test_customer_reference_is_stored_only_as_a_hash(clerk):
    file = upload_and_preview(
        clerk, build_file(build_row(**{"customer.ref": "CANARY1"}), build_row(line="2", **{"customer.ref": "CANARY2"}))
    )
    assert b"CANARY" not in bytes(file.content or b"")
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    for model in (OrderFile, OrderFileReject, Reject, OrderSnapshot, AuditRecord):
        assert "CANARY" not in str(list(model.objects.values())), model


def test_import_writes_one_audit_record(clerk):
    before = AuditRecord.objects.count()
    file = import_file(clerk, build_file(build_row("A1"), build_row("A2"), build_row("A3", amount="x")))
    [record] = AuditRecord.objects.order_by("-pk")[: AuditRecord.objects.count() - before]
    assert (record.action, record.by, record.subject_id) == ("orders imported from a file", clerk, str(file.pk))
    assert record.after["sha256"] == file.sha256
    assert (record.after["expected created"], record.after["expected rejected"]) == (2, 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_import_accepts_each_delimiter_with_and_without_a_byte_order_mark(clerk, delimiter, mark):
    content = build_file(build_row(title='"A; B, ""C""\tD"'), delimiter=delimiter).replace(b"\n", b"\r\n")
    assert import_file(clerk, mark + content).outcomes == {"created": 1}
    assert OrderLine.objects.get().title == 'A; B, "C"\tD'


def test_columns_are_guessed_from_common_headings():
    headings = ["Order No.", "Last modified", "Order Status", "Created at", "Currency", "Line number", "Department",
                "Qty", "Line total", "Refund", "Discount Code", "Note"]  # fmt: skip
    assert guess_mapping(LAYOUT, headings).columns == {
        "order_id": 0, "updated_at": 1, "status": 2, "placed_at": 3, "currency": 4, "line_id": 5, "category": 6,
        "quantity": 7, "amount": 8, "refunded": 9, "coupon": 10,
    }  # fmt: skip


def test_columns_are_proposed_from_the_last_file_with_the_same_headings(clerk):
    headings = [f"c{number}" for number in range(len(HEADINGS))]
    first = upload(clerk, build_file(build_row(), headings=headings))
    assert files.propose_mapping(first).columns == {}
    mapping = ColumnMapping({name: index for index, name in enumerate(HEADINGS)})
    files.match_columns(file=first, mapping=mapping, now=NOW)
    assert files.propose_mapping(upload(clerk, build_file(build_row("A2"), headings=headings))) == mapping
    other = upload(clerk, build_file(build_row("A2"), headings=[*headings[:-1], "another"]))
    assert files.propose_mapping(other).columns == {}


@pytest.mark.parametrize("name", ["order_id", "status", "placed_at", "amount", "category"])
def test_mapping_without_a_required_field_is_refused(clerk, name):
    file = upload(clerk, build_file(build_row()))
    columns = {field: index for field, index in files.propose_mapping(file).columns.items() if field != name}
    with pytest.raises(ValidationError, match=f"Choose a column for: {name}"):
        files.match_columns(file=file, mapping=ColumnMapping(columns), now=NOW)


def test_import_is_refused_after_the_preview_has_changed(clerk):
    file = upload_and_preview(clerk, build_file(build_row()))
    digest = files.compute_digest(file)
    send_orders(build_order(), now=NOW)
    files.match_columns(file=file, mapping=files.propose_mapping(file), now=NOW)
    with pytest.raises(ValidationError, match="has changed since this preview"):
        files.import_orders(file=file, digest=digest, now=NOW, by=clerk)


def test_stored_file_that_was_tampered_with_is_refused(clerk):
    file = upload(clerk, build_file(build_row()))
    OrderFile.objects.update(content=encryption.seal(build_file(build_row(amount="999.00"))))
    file.refresh_from_db()
    with pytest.raises(ValidationError, match="differs from the uploaded one"):
        files.match_columns(file=file, mapping=files.propose_mapping(upload(clerk, build_file(build_row()))), now=NOW)


def test_killed_import_continues_and_imports_each_order_once(clerk, monkeypatch):
    monkeypatch.setattr(files, "BATCH", 2)
    file = upload_and_preview(clerk, build_file(*(build_row(f"A{number}") for number in range(5))))
    ingest_orders, calls = intake.ingest_orders, []

    def interrupt_second_call(**kwargs):
        calls.append(kwargs)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return ingest_orders(**kwargs)

    monkeypatch.setattr(intake, "ingest_orders", interrupt_second_call)
    with pytest.raises(KeyboardInterrupt):
        files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    file.refresh_from_db()
    assert (file.state, file.processed, file.outcomes) == ("importing", 2, {"created": 2})
    assert files.continue_imports(now=NOW) == (1, 0)
    files.continue_import(file_pk=file.pk, seconds=60, now=NOW)
    file.refresh_from_db()
    assert (file.state, file.processed, file.outcomes) == ("imported", 5, {"created": 5})


def test_concurrent_imports_take_each_order_once(clerk, monkeypatch):
    monkeypatch.setattr(files, "BATCH", 2)
    file = upload_and_preview(clerk, build_file(*(build_row(f"A{number}") for number in range(5))))
    import_batch, calls = files._import_batch, []

    def import_twice_at_once(*args):
        calls.append(args)
        import_batch(*args)
        if len(calls) == 1:
            files.continue_import(file_pk=file.pk, seconds=0, now=NOW)

    monkeypatch.setattr(files, "_import_batch", import_twice_at_once)
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    file.refresh_from_db()
    assert (file.state, file.processed, file.outcomes) == ("imported", 5, {"created": 5})


def test_long_import_is_finished_by_the_scheduled_task(clerk, monkeypatch):
    monkeypatch.setattr(files, "BATCH", 2)
    monkeypatch.setattr(files, "IMPORT_WAIT_SECONDS", 0.0)
    file = import_file(clerk, build_file(*(build_row(f"A{number}") for number in range(5))))
    assert (file.state, file.processed) == ("importing", 2)
    assert files.continue_imports(now=NOW) == (1, 0)
    file.refresh_from_db()
    assert (file.state, file.outcomes) == ("imported", {"created": 5})


def test_undecided_file_is_discarded_after_a_day(clerk):
    file = upload(clerk, build_file(build_row()))
    assert files.continue_imports(now=NOW + timedelta(hours=23)) == (0, 0)
    assert files.continue_imports(now=NOW + timedelta(hours=25)) == (0, 1)
    file.refresh_from_db()
    assert (file.state, file.content) == ("discarded", None)
