"""Orders from a CSV file ..."""

import io
import re
import time
import tracemalloc
from datetime import timedelta

import pytest
from django.core.exceptions import ValidationError
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from affiliates.models import Affiliate
from audit.models import AuditRecord
from shops import intake
from shops.csv_import import columns, csv_reader, files
from shops.models import OrderFile, OrderFileReject, Reject
from tests.factories import make_staff
from tests.scenarios import NOW, build_order, create_program, import_affiliates, send_orders
from tracking.models import Order, OrderLine, OrderSnapshot

pytestmark = pytest.mark.django_db
HEADINGS = (
    "order_id", "updated_at", "status", "placed_at", "completed_at", "currency", "click_id", "coupon", "customer.ref",
    "customer.country", "line_id", "sku", "title", "category", "quantity", "amount", "refunded",
)  # fmt: skip
AT = "2026-01-10T12:00:00Z"


def row(order_id: str = "A1", line: str = "1", **but: str) -> dict[str, str]:
    return {
        "order_id": order_id, "updated_at": AT, "status": "paid", "placed_at": AT, "completed_at": "", "currency": "USD",
        "click_id": "", "coupon": "", "customer.ref": "17850", "customer.country": "United Kingdom", "line_id": line,
        "sku": "85123A", "title": "WHITE HANGING HEART T-LIGHT HOLDER", "category": "home-decor", "quantity": "1",
        "amount": "100.00", "refunded": "0.00",
    } | but  # fmt: skip


def text(*rows: dict[str, str], headings=HEADINGS, delimiter: str = ",", names=None) -> bytes:
    lines = [delimiter.join(names or headings), *(delimiter.join(one[name] for name in headings) for one in rows)]
    return "\n".join([*lines, ""]).encode()


@pytest.fixture
def clerk(db):
    create_program("2026-01-01")
    return make_staff("payout preparers")


def upload(clerk, content: bytes) -> OrderFile:
    return files.store_file(name="orders.csv", content=io.BytesIO(content), now=NOW, by=clerk)


def looked_at(clerk, content: bytes) -> OrderFile:
    file = upload(clerk, content)
    files.match_columns(file=file, columns=files.propose_columns(file), now=NOW)
    file.refresh_from_db()
    return file


def imported(clerk, content: bytes) -> OrderFile:
    file = looked_at(clerk, content)
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    file.refresh_from_db()
    return file


def test_are_the_very_snapshots_that_the_api_takes(clerk):
    imported(clerk, text(row("A1", "1"), row("A2", "1"), row("A1", "2", category="toys-hobbies", amount="7.50")))
    by_file = list(OrderSnapshot.objects.order_by("order_id").values_list("order_id", "sha256"))
    first = build_order("A1", ("home-decor", "100.00"), ("toys-hobbies", "7.50"))
    assert [result.outcome for result in send_orders(first, build_order("A2"), now=NOW)] == ["unchanged", "unchanged"]
    assert [order_id for order_id, _ in by_file] == ["A1", "A2"]


def test_say_how_many_became_what(clerk):
    known = [
        build_order("OLD"),
        build_order("STALE", at="2026-01-12T12:00:00Z"),
        build_order("SAME"),
        build_order("OTHER"),
        build_order("MOVED"),
    ]
    send_orders(*known, now=NOW)
    content = text(
        row("NEW"), row("OLD", updated_at="2026-01-11T12:00:00Z"), row("SAME"), row("STALE"), row("OTHER", amount="99.00"),
        row("MOVED", placed_at="2026-01-09T12:00:00Z", updated_at="2026-01-11T12:00:00Z"), row("BAD", amount="1,5"),
        delimiter=";",
    )  # fmt: skip
    file = looked_at(clerk, content)
    expected = {"created": 1, "updated": 1, "unchanged": 1, "stale": 1, "conflict": 1, "rejected": 2}
    assert file.expected_outcomes == expected
    assert not Order.objects.filter(order_id="NEW").exists(), "nothing is taken before it is confirmed"
    assert not Reject.objects.exists()
    foreseen = list(file.rejects.values_list("row", "order_id", "field", "heading", "outcome", "cause"))
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    file.refresh_from_db()
    assert (file.state, file.outcomes, file.processed, file.content) == ("imported", expected, 7, None)
    assert list(file.rejects.values_list("row", "order_id", "field", "heading", "outcome", "cause")) == foreseen
    assert [one[:4] for one in foreseen] == [
        (6, "OTHER", "updated_at", "updated_at"),
        (7, "MOVED", "placed_at", "placed_at"),
        (8, "BAD", "lines[0].amount", "amount"),
    ]
    assert set(Reject.objects.values_list("order_id", flat=True)) == {"OTHER", "MOVED", "BAD"}


def test_earn_as_those_of_the_api(clerk, tmp_path):
    import_affiliates(["ANN"], tmp_path)
    imported(clerk, text(row(coupon="ANN", completed_at=AT, status="completed")))
    found = Order.objects.get()
    assert (str(found.affiliate), str(found.lines.get().commission.amount)) == (str(Affiliate.objects.get()), "5.00")


def test_are_refused_in_the_words_of_the_api_by_the_row_of_the_line(clerk):
    rows = [row("A1", "1"), row("A1", "2", quantity="two"), row("A2", currency="EUR"), row("A3", line="")]
    file = looked_at(clerk, text(*rows))
    answers = send_orders(
        build_order("A1")
        | {"lines": [build_order()["lines"][0], build_order()["lines"][0] | {"line_id": "2", "quantity": "two"}]},
        build_order("A2", currency="EUR"),
        build_order("A3") | {"lines": [build_order()["lines"][0] | {"line_id": ""}]},
        now=NOW,
    )
    found = list(file.rejects.values_list("row", "field", "cause"))
    assert [one[1:] for one in found] == [(answer.field, answer.cause) for answer in answers]
    assert [one[0] for one in found] == [3, 4, 5]


def test_whose_rows_disagree_are_refused_and_can_only_be_sent_corrected(clerk):
    from shops import rejects

    file = imported(clerk, text(row(), row("A2"), row(line="2", status="cancelled")))
    refusal = file.rejects.get()
    assert (refusal.row, refusal.order_id, refusal.field) == (4, "A1", "status")
    assert "row 4 differs from row 2 ('cancelled', 'paid')" in refusal.cause
    reject = Reject.objects.get()
    assert '"status": ["paid", "cancelled"]' in reject.content
    with pytest.raises(rejects.RejectedAgain, match="status: must be paid, completed or cancelled"):
        rejects.resend(reject=reject, now=NOW, by=clerk)


def test_keep_of_a_customer_a_keyed_hash_alone(clerk):
    file = looked_at(clerk, text(row(**{"customer.ref": "CANARY1"}), row(line="2", **{"customer.ref": "CANARY2"})))
    assert b"CANARY" not in bytes(file.content or b"")
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    for model in (OrderFile, OrderFileReject, Reject, OrderSnapshot, AuditRecord):
        assert "CANARY" not in str(list(model.objects.values())), model


def test_make_one_audit_record(clerk):
    before = AuditRecord.objects.count()
    file = imported(clerk, text(row("A1"), row("A2"), row("A3", amount="x")))
    [record] = AuditRecord.objects.order_by("-pk")[: AuditRecord.objects.count() - before]
    assert (record.action, record.by, record.subject_id) == ("orders imported from a file", clerk, str(file.pk))
    assert record.after["sha256"] == file.sha256
    assert (record.after["expected created"], record.after["expected rejected"]) == (2, 1)


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"], ids=["plain", "BOM"])
def test_of_any_delimiter_with_or_without_a_byte_order_mark(clerk, delimiter, mark):
    content = text(row(title='"A; B, ""C""\tD"'), delimiter=delimiter).replace(b"\n", b"\r\n")
    assert imported(clerk, mark + content).outcomes == {"created": 1}
    assert OrderLine.objects.get().title == 'A; B, "C"\tD'


def test_are_matched_by_what_shops_call_their_columns():
    headings = ["Order No.", "Last modified", "Order Status", "Created at", "Currency", "Line number", "Department", "Qty",
                "Line total", "Refund", "Discount Code", "Note"]  # fmt: skip
    assert columns.guess_columns(headings) == {
        "order_id": 0, "updated_at": 1, "status": 2, "placed_at": 3, "currency": 4, "line_id": 5, "category": 6,
        "quantity": 7, "amount": 8, "refunded": 9, "coupon": 10,
    }  # fmt: skip


def test_are_matched_as_the_last_file_of_the_same_headings(clerk):
    names = [*(f"c{number}" for number in range(len(HEADINGS)))]
    first = upload(clerk, text(row(), names=names))
    assert files.propose_columns(first) == {}
    said = {name: place for place, name in enumerate(HEADINGS)}
    files.match_columns(file=first, columns=said, now=NOW)
    assert files.propose_columns(upload(clerk, text(row("A2"), names=names))) == said
    assert files.propose_columns(upload(clerk, text(row("A2"), names=[*names[:-1], "another"]))) == {}


@pytest.mark.parametrize("name", ["order_id", "updated_at", "line_id", "amount", "refunded", "category"])
def test_need_a_column_for_each_required_field(clerk, name):
    file = upload(clerk, text(row()))
    said = {field: place for field, place in files.propose_columns(file).items() if field != name}
    with pytest.raises(ValidationError, match=f"No column is matched with: {name}"):
        files.match_columns(file=file, columns=said, now=NOW)


def test_are_imported_only_as_they_were_looked_at(clerk):
    file = looked_at(clerk, text(row()))
    digest = files.compute_digest(file)
    send_orders(build_order(), now=NOW)
    files.match_columns(file=file, columns=files.propose_columns(file), now=NOW)
    with pytest.raises(ValidationError, match="matched anew"):
        files.import_orders(file=file, digest=digest, now=NOW, by=clerk)


def test_are_nothing_if_what_is_stored_was_changed(clerk):
    from payouts.payout_details import encryption

    file = upload(clerk, text(row()))
    OrderFile.objects.update(content=encryption.seal(text(row(amount="999.00"))))
    file.refresh_from_db()
    with pytest.raises(ValidationError, match="not what was uploaded"):
        files.match_columns(file=file, columns=files.propose_columns(upload(clerk, text(row()))), now=NOW)


def test_are_taken_once_though_the_import_was_killed_and_run_again(clerk, monkeypatch):
    monkeypatch.setattr(files, "BATCH", 2)
    file = looked_at(clerk, text(*(row(f"A{number}") for number in range(5))))
    whole, calls = intake.ingest_orders, []

    def dies(**given):
        calls.append(given)
        if len(calls) == 2:
            raise KeyboardInterrupt
        return whole(**given)

    monkeypatch.setattr(intake, "ingest_orders", dies)
    with pytest.raises(KeyboardInterrupt):
        files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    file.refresh_from_db()
    assert (file.state, file.processed, file.outcomes) == ("importing", 2, {"created": 2})
    assert files.continue_imports(now=NOW) == (1, 0)
    files.continue_import(file_pk=file.pk, seconds=60, now=NOW)
    file.refresh_from_db()
    assert (file.state, file.processed, file.outcomes) == ("imported", 5, {"created": 5})


def test_are_taken_once_by_two_at_once(clerk, monkeypatch):
    monkeypatch.setattr(files, "BATCH", 2)
    file = looked_at(clerk, text(*(row(f"A{number}") for number in range(5))))
    whole, calls = files._import_batch, []

    def another_comes_between(*given):
        calls.append(given)
        whole(*given)
        if len(calls) == 1:
            files.continue_import(file_pk=file.pk, seconds=0, now=NOW)

    monkeypatch.setattr(files, "_import_batch", another_comes_between)
    files.import_orders(file=file, digest=files.compute_digest(file), now=NOW, by=clerk)
    file.refresh_from_db()
    assert (file.state, file.processed, file.outcomes) == ("imported", 5, {"created": 5})


def test_that_take_long_are_finished_by_beat(clerk, monkeypatch):
    monkeypatch.setattr(files, "BATCH", 2)
    monkeypatch.setattr(files, "IMPORT_WAIT_SECONDS", 0.0)
    file = imported(clerk, text(*(row(f"A{number}") for number in range(5))))
    assert (file.state, file.processed) == ("importing", 2)
    assert files.continue_imports(now=NOW) == (1, 0)
    file.refresh_from_db()
    assert (file.state, file.outcomes) == ("imported", {"created": 5})


def test_are_forgotten_a_day_after_nobody_decided(clerk):
    file = upload(clerk, text(row()))
    assert files.continue_imports(now=NOW + timedelta(hours=23)) == (0, 0)
    assert files.continue_imports(now=NOW + timedelta(hours=25)) == (0, 1)
    file.refresh_from_db()
    assert (file.state, file.content) == ("discarded", None)


GOOD = text(row())
MOST = csv_reader.MAX_BYTES
BAD = {
    "nothing": (b"", "is empty"),
    "empty lines": (b"\n\n\r\n", "is empty"),
    "headings alone": (text(), "no rows below"),
    "no headings": (text(row(), names=list(row().values())), "has to be headings; “2026-01-10T12:00:00Z” is none"),
    "a column without a heading": (GOOD.replace(b"sku", b""), "Column 12 has no heading"),
    "a heading twice": (GOOD.replace(b"sku", b"Title"), "Two columns have the heading “title”"),
    "too few columns": (b"order_id,amount\nA1,1.00\n", "has 2 columns; an order needs 10"),
    "a row that is too short": (GOOD + b"A2,x\n", "Row 3 has 2 cells, where there are 17 headings"),
    "a row that is too long": (GOOD.replace(b",0.00\n", b",0.00,1\n"), "Row 2 has 18 cells"),
    "bad UTF-8": (GOOD.replace(b"WHITE", b"\xff"), "Line 2 is not UTF-8"),
    "UTF-16": (GOOD.decode().encode("utf-16"), "not UTF-8|NUL"),
    "a NUL": (GOOD.replace(b"WHITE", b"\0"), "NUL character in line 2"),
    "an open quote": (GOOD.replace(b"WHITE", b'"WHITE') * 9, "not CSV|1 MiB|cells"),
    "no CSV": (GOOD.replace(b"85123A", b'"85123A"x'), "Line 2 is not CSV"),
    "10 MiB + 1": (GOOD + b" " * (MOST + 1 - len(GOOD)), "larger than 10 MiB"),
    "100,000 columns": (b",".join(b"c%d" % n for n in range(100_000)) + b"\n", "100,000 columns; at most 200"),
    "20,000 columns": (b",".join(b"c%d" % n for n in range(20_000)) + b"\n", "20,000 columns; at most 200"),
    "10 MiB of commas": (b"," * MOST, "1 MiB"),
    "10 MiB of commas below headings": (GOOD + b"," * (MOST - len(GOOD)), "1 MiB"),
    "10 MiB of one open quote": (GOOD + b'"' + b"x\n" * ((MOST - len(GOOD)) // 2 - 1), "1 MiB|not CSV"),
    "10 MiB of quoted line ends": (GOOD + b'"a\n",' * ((MOST - len(GOOD)) // 5), "1 MiB|150,000 lines"),
    "10 MiB of letters": (b"x" * MOST, "1 MiB"),
    "10 MiB of empty lines": (b"\n" * MOST, "more than 150,000 lines"),
    "10 MiB of empty lines below headings": (GOOD + b"\n" * (MOST - len(GOOD)), "more than 150,000 lines"),
    "10 MiB of single cells": (GOOD + b"x\n" * ((MOST - len(GOOD)) // 2), "Row 3 has 1 cell,"),
    "ragged at its very end": (
        GOOD + GOOD.split(b"\n")[1].join([b"\n"] * 55_000).strip() + b"\nx\n",
        r"Row 55,?\d\d\d has 1",
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_that_are_no_such_file_are_refused_with_the_cause_and_nothing_is_stored(clerk, client, name):
    content, said = BAD[name]
    client.force_login(clerk)
    address, uploaded = reverse("admin:shops_orderfile_upload"), SimpleUploadedFile("orders.csv", content)
    client.get(address)  # what is made once, for the first page, is no cost of a bad file
    begun = time.process_time()
    answer = client.post(address, {"file": uploaded})
    taken = time.process_time() - begun
    assert answer.status_code == 200
    [cause] = answer.context["form"].errors["file"]
    assert re.search(said, cause), cause
    assert not OrderFile.objects.exists()
    assert taken < 1, taken


@pytest.mark.parametrize("name", BAD)
def test_that_are_no_such_file_cost_little_memory(name):
    content, _said = BAD[name]
    tracemalloc.start()
    with pytest.raises(csv_reader.BadFile):
        csv_reader.inspect_file(io.BytesIO(content))
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    # The copy of the content that BytesIO shares is the test's own.
    assert peak < 25 * 1024 * 1024, peak


def test_are_uploaded_matched_looked_at_and_imported_in_the_admin(clerk, client):
    client.force_login(clerk)
    listed = client.get(reverse("admin:tracking_order_changelist")).content.decode()
    assert reverse("admin:tracking_order_import_file") in listed
    content = text(row("A1"), row("A2", amount="12,50", title="=1+1", delimiter=";"), delimiter=";")
    answer = client.post(reverse("admin:shops_orderfile_upload"), {"file": SimpleUploadedFile("o.csv", content)})
    file = OrderFile.objects.get()
    address = reverse("admin:shops_orderfile_change", args=[file.pk])
    assert answer.headers["Location"] == reverse("admin:shops_orderfile_match", args=[file.pk])
    assert client.get(address).headers["Location"] == answer.headers["Location"]
    page = client.get(answer.headers["Location"])
    form = page.context["form"]
    said = {name: field.initial for name, field in form.fields.items()}
    twice = client.post(answer.headers["Location"], said | {"column-0": "sku"})
    assert "Another column is matched with sku already." in twice.content.decode()
    missing = client.post(answer.headers["Location"], said | {"column-0": ""})
    assert "No column is matched with: order_id." in missing.content.decode()
    assert client.post(answer.headers["Location"], said).headers["Location"] == address
    shown = client.get(address)
    words = shown.content.decode()
    assert "Nothing of it is stored yet" in words
    assert "must be a string with two decimals" in words
    assert shown.context["sample"][0][0] == "A1"
    refused = b"".join(client.get(reverse("admin:shops_orderfile_refusals", args=[file.pk])).streaming_content).decode()
    assert refused.splitlines()[0] == "row,order_id,field,column,outcome,cause"
    assert refused.splitlines()[1].startswith("3,A2,lines[0].amount,amount,rejected,")
    assert not Order.objects.exists()
    done = client.post(
        reverse("admin:shops_orderfile_take_in", args=[file.pk]), {"digest": shown.context["digest"]}, follow=True
    ).content.decode()
    assert "It is imported." in done
    assert "rejects inbox" in done
    assert Order.objects.get().order_id == "A1"


def test_that_wait_are_their_uploaders_alone(clerk, client):
    file = looked_at(clerk, text(row()))
    digest = files.compute_digest(file)
    for somebody in (make_staff("payout preparers"), make_staff(superuser=True)):
        client.force_login(somebody)
        for name in ("change", "match", "import_orders", "discard", "refusals"):
            address = reverse(f"admin:shops_orderfile_{name}", args=[file.pk])
            assert client.get(address).status_code == 404, name
            assert client.post(address, {"digest": digest}).status_code == (403 if name == "change" else 404), name
    assert not Order.objects.exists()
    client.force_login(clerk)
    client.post(reverse("admin:shops_orderfile_discard", args=[file.pk]))
    file.refresh_from_db()
    assert (file.state, file.content) == ("discarded", None)
    assert client.post(reverse("admin:shops_orderfile_take_in", args=[file.pk]), {"digest": digest}).status_code == 404


def test_are_for_payout_preparers(client):
    create_program("2026-01-01")
    for group in ("affiliate managers", "compliance reviewers", "payout approvers"):
        client.force_login(make_staff(group))
        assert client.get(reverse("admin:shops_orderfile_upload")).status_code == 403
        assert "orderfile" not in client.get(reverse("admin:index")).content.decode()
