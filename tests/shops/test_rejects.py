"""The rejects inbox ..."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import api_keys
from affiliates.errors import IllegalTransition
from audit.models import AuditRecord
from shops import intake, rejects
from shops.models import Reject
from tests.factories import make_staff
from tests.scenarios import NOW, build_order, create_program, import_affiliates, send_orders
from tracking.links import coupons
from tracking.models import Order, OrderSnapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk(db):
    create_program("2026-01-01")
    return make_staff("payout preparers")


@pytest.fixture
def desk(clerk, client):
    client.force_login(clerk)
    return client


def refused(*rows) -> list[Reject]:
    send_orders(*rows, now=NOW)
    return list(Reject.objects.order_by("pk"))


def page(row: Reject, name: str = "change") -> str:
    return reverse(f"admin:shops_reject_{name}", args=[row.pk])


def filled_in(client, row: Reject) -> dict[str, str]:
    form = client.get(page(row, "correct")).context["form"]
    return {name: form[name].value() or "" for name in form.fields if not name.startswith("omit-")}


def test_takes_a_corrected_row_and_keeps_what_came(desk, clerk):
    [row] = refused(build_order("A1", ("home-decor", "15.3"), ("toys-hobbies", "7.50")))
    kept = row.content
    shown = desk.get(page(row, "correct"))
    errors = shown.context["form"].errors
    assert list(errors) == ["lines[0].amount"]
    assert "a point and two digits" in shown.content.decode()
    answers = filled_in(desk, row) | {"lines[0].amount": "15.30"}
    assert desk.post(page(row, "correct"), answers).headers["Location"] == page(row)
    row.refresh_from_db()
    assert (row.state, row.content, row.accepted_order, row.decided_by) == ("resent", kept, Order.objects.get(), clerk)
    assert json.loads(row.corrected_content)["lines"][0]["amount"] == "15.30"
    assert [str(line.amount) for line in Order.objects.get().lines.all()] == ["15.30", "7.50"]
    [record] = AuditRecord.objects.filter(action="reject resent")
    assert (record.by, "15.3" in record.before["content"], "15.30" in record.after["content"]) == (clerk, True, True)
    words = desk.get(page(row)).content.decode()
    assert "15.30" in words
    assert reverse("admin:tracking_order_change", args=[Order.objects.get().pk]) in words


def test_takes_what_was_corrected_as_the_api_would_have_taken_it(desk):
    [row] = refused(build_order("A1", ("home-decor", "100.00"), currency="EUR"))
    desk.post(page(row, "correct"), filled_in(desk, row) | {"currency": "USD"})
    assert [one.outcome for one in send_orders(build_order("A1"), now=NOW)] == ["unchanged"]


def test_shows_a_new_refusal_beside_its_field_and_keeps_the_row_open(desk):
    [row] = refused(build_order("A1", ("home-decor", "15.3"), ("toys-hobbies", "7.50")))
    kept = row.content
    answers = filled_in(desk, row)
    for but, field in (
        ({"lines[0].amount": "15.30", "lines[1].quantity": "none"}, "lines[1].quantity"),
        ({"lines[0].amount": "15.30", "currency": "EUR"}, "currency"),
        ({"lines[0].amount": "15.30", "status": ""}, "status"),
        ({"omit-0": "on", "lines[1].refunded": "9.00"}, "lines[1].refunded"),
        ({"omit-0": "on", "omit-1": "on"}, "__all__"),
    ):
        shown = desk.post(page(row, "correct"), answers | but)
        assert shown.status_code == 200
        assert list(shown.context["form"].errors) == [field]
    row.refresh_from_db()
    assert (row.state, row.content, row.corrected_content, Reject.objects.count()) == ("open", kept, "", 1)
    assert not Order.objects.exists()
    assert not AuditRecord.objects.filter(subject_id=str(row.pk)).exists()


def test_leaves_a_line_out_and_keys_that_no_order_has(desk):
    twice = build_order("A1", ("home-decor", "1.00"), ("home-decor", "2.00"), discount="5.00")
    twice["lines"][1]["line_id"] = "1"
    [row] = refused(twice)
    assert "discount" in desk.get(page(row, "correct")).content.decode()
    desk.post(page(row, "correct"), filled_in(desk, row) | {"omit-1": "on"})
    assert [str(line.amount) for line in Order.objects.get().lines.all()] == ["1.00"]


def test_sees_of_a_customer_a_keyed_hash_alone_whatever_is_typed(desk):
    [row] = refused(build_order("A1", ("home-decor", "15.3")))
    answers = filled_in(desk, row)
    assert answers["customer.ref"].startswith("hash:")
    desk.post(page(row, "correct"), answers | {"lines[0].amount": "15.30", "customer.ref": "CANARY"})
    for model in (Reject, AuditRecord, OrderSnapshot):
        assert "CANARY" not in str(list(model.objects.values())), model


LONE, DEEP = chr(0xD800), "[" * 20_000
STRANGE = {
    "no JSON": b'{"order_id": "A1", ',
    "bad UTF-8": b'{"order_id": "\xff"}',
    "nested too deeply": DEEP.encode(),
    "nested as deep as can be read": b'{"order_id": ' + b"[" * 900 + b"]" * 900 + b', "lines": [{}]}',
    "a number": b"1e400",
    "a list": b"[1, 2]",
    "lines that are none": b'{"order_id": "A1", "lines": [1]}',
    "a lone surrogate": json.dumps(build_order("A1") | {"coupon": LONE}).encode(),
    "a lone surrogate where no field is": json.dumps({"order_id": LONE}).encode(),
    "a NUL": json.dumps(build_order("A1") | {"coupon": "\0"}).encode(),
    "markup": json.dumps(build_order("<script>") | {"coupon": "<script>alert(1)</script>"}).encode(),
    "a number that is none": json.dumps(build_order("A1")).replace('"100.00"', "NaN").encode(),
    "another customer": json.dumps(build_order("A1") | {"customer": "17850"}).encode(),
}


@pytest.mark.parametrize("name", STRANGE)
def test_shows_and_corrects_whatever_came(desk, name):
    intake.ingest_lines(lines=[STRANGE[name]], source="a test", now=NOW)
    row = Reject.objects.get()
    for address in (page(row), page(row, "correct")):
        answer = desk.get(address)
        assert answer.status_code == 200
        assert "<script>alert" not in answer.content.decode()
    form = desk.get(page(row, "correct")).context["form"]
    again = {name: form[name].value() or "" for name in form.fields if not name.startswith("omit-")}
    assert desk.post(page(row, "correct"), again).status_code in (200, 302)
    if "row" in form.fields:
        assert desk.post(page(row, "correct"), {"row": json.dumps(build_order("A7"))}).status_code == 302
        assert Order.objects.get().order_id == "A7"


def test_is_done_with_a_row_once(clerk):
    [row] = refused(build_order("A1", currency="EUR"))
    text = json.dumps(build_order("A1"))
    rejects.correct(reject=row, text=text, now=NOW, by=clerk)
    for again in (
        lambda: rejects.correct(reject=row, text=text, now=NOW, by=clerk),
        lambda: rejects.resend(reject=row, now=NOW, by=clerk),
        lambda: rejects.dismiss(reject=row, reason="So.", now=NOW, by=clerk),
    ):
        with pytest.raises(IllegalTransition):
            again()
    assert rejects.dismiss_all(rejects=[row], reason="So.", now=NOW, by=clerk) == 0
    assert AuditRecord.objects.filter(action__startswith="reject").count() == 1


def test_sends_many_again_whose_cause_has_gone(desk, clerk, monkeypatch):
    """A clock that is ten minutes fast has sent them from the future."""
    early = [build_order(f"A{number}", at="2026-11-22T12:10:00Z") for number in range(2)]
    rows = refused(*early, build_order("A9", currency="EUR"))
    monkeypatch.setattr(timezone, "now", lambda: NOW.replace(hour=13))
    chosen = {"action": "resend_selected", "_selected_action": [str(row.pk) for row in rows]}
    listed = reverse("admin:shops_reject_changelist")
    assert desk.post(listed, chosen).status_code == 200
    assert not Order.objects.exists()
    said = desk.post(listed, chosen | {"confirmed": "1"}, follow=True).content.decode()
    assert "2 rows were taken." in said
    assert "1 row is refused again: A9: currency: must be USD" in said
    assert [Reject.objects.get(pk=row.pk).state for row in rows] == ["resent", "resent", "open"]
    taken = Reject.objects.filter(state="resent").values_list("accepted_order__order_id", flat=True)
    assert set(taken) == {"A0", "A1"}
    assert Reject.objects.count() == 3, "what is refused again is in the inbox already"
    assert AuditRecord.objects.filter(action="reject resent", by=clerk).count() == 2


def test_dismisses_many_for_one_reason_with_a_record_each(desk, clerk):
    rows = refused(*(build_order(f"A{number}", currency="EUR") for number in range(3)))
    rejects.dismiss(reject=rows[0], reason="Before.", now=NOW, by=clerk)
    chosen = {"action": "dismiss_selected", "_selected_action": [str(row.pk) for row in rows]}
    listed = reverse("admin:shops_reject_changelist")
    without = desk.post(listed, chosen | {"confirmed": "1", "reason": " "})
    assert without.status_code == 200
    assert Reject.objects.filter(state="open").count() == 2
    desk.post(listed, chosen | {"confirmed": "1", "reason": "A test shop."})
    assert set(Reject.objects.values_list("state", "note")) == {("dismissed", "Before."), ("dismissed", "A test shop.")}
    assert AuditRecord.objects.filter(action="reject dismissed", reason="A test shop.").count() == 2


def test_offers_nothing_to_those_who_only_look_at_orders(client):
    create_program("2026-01-01")
    [row] = refused(build_order("A1", currency="EUR"))
    for group in ("affiliate managers", "compliance reviewers", "payout approvers"):
        client.force_login(make_staff(group))
        assert client.get(page(row, "correct")).status_code == 403
        assert client.post(page(row, "correct"), {}).status_code == 403


def test_keeps_an_order_that_was_sent_to_the_address_of_another(clerk):
    _key, secret = api_keys.create(name="the shop", now=NOW, by=None)
    shop = Client(headers={"Authorization": f"Bearer {secret}"})
    answer = shop.put("/api/v1/orders/A1", json.dumps(build_order("A2")), content_type="application/json")
    assert (answer.status_code, answer.json()["error"]["field"]) == (422, "order_id")
    row = Reject.objects.get()
    assert (row.order_id, row.address, row.field, row.source) == ("A2", "A1", "order_id", "API key the shop")
    assert json.loads(row.content)["order_id"] == "A2"
    with pytest.raises(rejects.RejectedAgain, match="must be the order id of the address"):
        rejects.resend(reject=row, now=NOW, by=clerk)
    assert rejects.resend_all(rejects=[row], now=NOW, by=clerk).accepted == []
    assert not Order.objects.exists(), "whose it is is for people to say"
    rejects.correct(reject=row, text=row.content.replace("A2", "A1"), now=NOW, by=clerk)
    assert Order.objects.get().order_id == "A1"


def test_sends_an_order_again_whose_coupon_is_bound_by_now(clerk, tmp_path):
    """A coupon that nobody has is no refusal: what was refused for something else follows the coupons of today."""
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    [row] = refused(build_order("A1", coupon="LATER", currency="EUR"))
    coupons.assign_coupon(affiliate=ann, code="LATER", assigned_from=NOW.replace(month=1, day=3), now=NOW, by=None)
    result = rejects.correct(reject=row, text=row.content.replace("EUR", "USD"), now=NOW, by=clerk)
    assert (result.affiliate, result.reason) == ("ANN", "coupon")
