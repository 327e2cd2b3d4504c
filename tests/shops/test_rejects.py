"""The rejects inbox: staff correct, resend and dismiss rejected rows."""

import json

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts import api_keys
from audit.models import AuditRecord
from lib.errors import NotAllowed
from shops import intake, rejects
from shops.models import Reject
from tests.factories import make_staff
from tests.scenarios import NOW, build_order, create_program, import_affiliates, send_orders
from tracking.links import coupons
from tracking.models import Order, OrderSnapshot

pytestmark = pytest.mark.django_db


@pytest.fixture
def clerk_client(clerk, client):
    client.force_login(clerk)
    return client


def reject(*rows) -> list[Reject]:
    send_orders(*rows, now=NOW)
    return list(Reject.objects.order_by("pk"))


def get_url(row: Reject, name: str = "change") -> str:
    return reverse(f"admin:shops_reject_{name}", args=[row.pk])


def read_form(client, row: Reject) -> dict[str, str]:
    form = client.get(get_url(row, "correct")).context["form"]
    return {name: form[name].value() or "" for name in form.fields if not name.startswith("omit-")}


def test_corrected_row_is_accepted_and_the_original_is_kept(clerk_client, clerk):
    [row] = reject(build_order("A1", ("home-decor", "15.3"), ("toys-hobbies", "7.50")))
    original = row.content
    page = clerk_client.get(get_url(row, "correct"))
    errors = page.context["form"].errors
    assert list(errors) == ["lines[0].amount"]
    assert "two decimals" in page.content.decode()
    values = read_form(clerk_client, row) | {"lines[0].amount": "15.30"}
    assert clerk_client.post(get_url(row, "correct"), values).headers["Location"] == get_url(row)
    row.refresh_from_db()
    assert (row.state, row.content, row.accepted_order, row.decided_by) == (
        "resent",
        original,
        Order.objects.get(),
        clerk,
    )
    assert json.loads(row.corrected_content)["lines"][0]["amount"] == "15.30"
    assert [str(line.amount) for line in Order.objects.get().lines.all()] == ["15.30", "7.50"]
    [record] = AuditRecord.objects.filter(action="reject resent")
    assert (record.by, "15.3" in record.before["content"], "15.30" in record.after["content"]) == (clerk, True, True)
    page = clerk_client.get(get_url(row)).content.decode()
    assert "15.30" in page
    assert reverse("admin:tracking_order_change", args=[Order.objects.get().pk]) in page


def test_corrected_row_equals_the_snapshot_sent_by_the_api(clerk_client):
    [row] = reject(build_order("A1", ("home-decor", "100.00"), currency="EUR"))
    clerk_client.post(get_url(row, "correct"), read_form(clerk_client, row) | {"currency": "USD"})
    assert [result.outcome for result in send_orders(build_order("A1"), now=NOW)] == ["unchanged"]


def test_row_rejected_again_stays_open_and_shows_the_field(clerk_client):
    [row] = reject(build_order("A1", ("home-decor", "15.3"), ("toys-hobbies", "7.50")))
    original = row.content
    values = read_form(clerk_client, row)
    for changes, field in (
        ({"lines[0].amount": "15.30", "lines[1].quantity": "none"}, "lines[1].quantity"),
        ({"lines[0].amount": "15.30", "currency": "EUR"}, "currency"),
        ({"lines[0].amount": "15.30", "status": ""}, "status"),
        ({"omit-0": "on", "lines[1].refunded": "9.00"}, "lines[1].refunded"),
        ({"omit-0": "on", "omit-1": "on"}, "__all__"),
    ):
        page = clerk_client.post(get_url(row, "correct"), values | changes)
        assert page.status_code == 200
        assert list(page.context["form"].errors) == [field]
    row.refresh_from_db()
    assert (row.state, row.content, row.corrected_content, Reject.objects.count()) == ("open", original, "", 1)
    assert not Order.objects.exists()
    assert not AuditRecord.objects.filter(subject_id=str(row.pk)).exists()


def test_removed_line_and_unknown_keys_are_not_sent(clerk_client):
    snapshot = build_order("A1", ("home-decor", "1.00"), ("home-decor", "2.00"), discount="5.00")
    snapshot["lines"][1]["line_id"] = "1"
    [row] = reject(snapshot)
    assert "discount" in clerk_client.get(get_url(row, "correct")).content.decode()
    clerk_client.post(get_url(row, "correct"), read_form(clerk_client, row) | {"omit-1": "on"})
    assert [str(line.amount) for line in Order.objects.get().lines.all()] == ["1.00"]


def test_customer_reference_is_stored_only_as_a_hash(clerk_client):
    [row] = reject(build_order("A1", ("home-decor", "15.3")))
    values = read_form(clerk_client, row)
    assert values["customer.ref"].startswith("hash:")
    clerk_client.post(get_url(row, "correct"), values | {"lines[0].amount": "15.30", "customer.ref": "CANARY"})
    for model in (Reject, AuditRecord, OrderSnapshot):
        assert "CANARY" not in str(list(model.objects.values())), model


LONE_SURROGATE, DEEP = chr(0xD800), "[" * 20_000
ODD_ROWS = {
    "not JSON": b'{"order_id": "A1", ',
    "bad UTF-8": b'{"order_id": "\xff"}',
    "nested too deeply": DEEP.encode(),
    "nested as deep as can be read": b'{"order_id": ' + b"[" * 900 + b"]" * 900 + b', "lines": [{}]}',
    "a number": b"1e400",
    "a list": b"[1, 2]",
    "lines that are not objects": b'{"order_id": "A1", "lines": [1]}',
    "a lone surrogate": json.dumps(build_order("A1") | {"coupon": LONE_SURROGATE}).encode(),
    "a lone surrogate where no field is": json.dumps({"order_id": LONE_SURROGATE}).encode(),
    "a NUL": json.dumps(build_order("A1") | {"coupon": "\0"}).encode(),
    "markup": json.dumps(build_order("<script>") | {"coupon": "<script>alert(1)</script>"}).encode(),
    "an invalid number": json.dumps(build_order("A1")).replace('"100.00"', "NaN").encode(),
    "another customer": json.dumps(build_order("A1") | {"customer": "17850"}).encode(),
}


@pytest.mark.parametrize("name", ODD_ROWS)
def test_any_content_can_be_shown_and_corrected(clerk_client, name):
    intake.ingest_lines(lines=[ODD_ROWS[name]], source="a test", now=NOW)
    row = Reject.objects.get()
    for url in (get_url(row), get_url(row, "correct")):
        response = clerk_client.get(url)
        assert response.status_code == 200
        assert "<script>alert" not in response.content.decode()
    form = clerk_client.get(get_url(row, "correct")).context["form"]
    again = {name: form[name].value() or "" for name in form.fields if not name.startswith("omit-")}
    assert clerk_client.post(get_url(row, "correct"), again).status_code in (200, 302)
    if "row" in form.fields:
        assert clerk_client.post(get_url(row, "correct"), {"row": json.dumps(build_order("A7"))}).status_code == 302
        assert Order.objects.get().order_id == "A7"


def test_row_is_decided_only_once(clerk):
    [row] = reject(build_order("A1", currency="EUR"))
    text = json.dumps(build_order("A1"))
    rejects.correct(reject=row, text=text, now=NOW, by=clerk)
    for decide in (
        lambda: rejects.correct(reject=row, text=text, now=NOW, by=clerk),
        lambda: rejects.resend(reject=row, now=NOW, by=clerk),
        lambda: rejects.dismiss(reject=row, reason="A test.", now=NOW, by=clerk),
    ):
        with pytest.raises(NotAllowed):
            decide()
    assert rejects.dismiss_all(rejects=[row], reason="A test.", now=NOW, by=clerk) == 0
    assert AuditRecord.objects.filter(action__startswith="reject").count() == 1


def test_rows_whose_cause_is_gone_are_resent_together(clerk_client, clerk, monkeypatch):
    # A shop whose clock is ten minutes fast has sent them from the future.
    early = [build_order(f"A{number}", at="2026-11-22T12:10:00Z") for number in range(2)]
    rows = reject(*early, build_order("A9", currency="EUR"))
    monkeypatch.setattr(timezone, "now", lambda: NOW.replace(hour=13))
    selection = {"action": "resend_selected", "_selected_action": [str(row.pk) for row in rows]}
    changelist = reverse("admin:shops_reject_changelist")
    assert clerk_client.post(changelist, selection).status_code == 200
    assert not Order.objects.exists()
    page = clerk_client.post(changelist, selection | {"confirmed": "1"}, follow=True).content.decode()
    assert "2 rows accepted." in page
    assert "1 row rejected again: A9: currency: must be USD" in page
    assert [Reject.objects.get(pk=row.pk).state for row in rows] == ["resent", "resent", "open"]
    accepted = Reject.objects.filter(state="resent").values_list("accepted_order__order_id", flat=True)
    assert set(accepted) == {"A0", "A1"}
    assert Reject.objects.count() == 3, "a row rejected again is not added twice"
    assert AuditRecord.objects.filter(action="reject resent", by=clerk).count() == 2


def test_rows_are_dismissed_together_with_an_audit_record_each(clerk_client, clerk):
    rows = reject(*(build_order(f"A{number}", currency="EUR") for number in range(3)))
    rejects.dismiss(reject=rows[0], reason="Before.", now=NOW, by=clerk)
    selection = {"action": "dismiss_selected", "_selected_action": [str(row.pk) for row in rows]}
    changelist = reverse("admin:shops_reject_changelist")
    without_reason = clerk_client.post(changelist, selection | {"confirmed": "1", "reason": " "})
    assert without_reason.status_code == 200
    assert Reject.objects.filter(state="open").count() == 2
    clerk_client.post(changelist, selection | {"confirmed": "1", "reason": "A test shop."})
    assert set(Reject.objects.values_list("state", "note")) == {("dismissed", "Before."), ("dismissed", "A test shop.")}
    assert AuditRecord.objects.filter(action="reject dismissed", reason="A test shop.").count() == 2


def test_other_groups_may_not_correct_rejects(client):
    create_program("2026-01-01")
    [row] = reject(build_order("A1", currency="EUR"))
    for group in ("affiliate managers", "compliance reviewers", "payout approvers"):
        client.force_login(make_staff(group))
        assert client.get(get_url(row, "correct")).status_code == 403
        assert client.post(get_url(row, "correct"), {}).status_code == 403


def test_order_sent_to_the_url_of_another_is_rejected_until_corrected(clerk):
    _key, secret = api_keys.create(name="the shop", now=NOW, by=None)
    shop = Client(headers={"Authorization": f"Bearer {secret}"})
    response = shop.put("/api/v1/orders/A1", json.dumps(build_order("A2")), content_type="application/json")
    assert (response.status_code, response.json()["error"]["field"]) == (422, "order_id")
    row = Reject.objects.get()
    assert (row.order_id, row.address, row.field, row.source) == ("A2", "A1", "order_id", "API key the shop")
    assert json.loads(row.content)["order_id"] == "A2"
    with pytest.raises(rejects.RejectedAgain, match="must be the order id in the URL"):
        rejects.resend(reject=row, now=NOW, by=clerk)
    assert rejects.resend_all(rejects=[row], now=NOW, by=clerk).accepted == []
    assert not Order.objects.exists(), "staff decide which order it is"
    rejects.correct(reject=row, text=row.content.replace("A2", "A1"), now=NOW, by=clerk)
    assert Order.objects.get().order_id == "A1"


def test_corrected_order_follows_the_current_coupons(clerk, tmp_path):
    # An unknown coupon is not a reason to reject: the row was rejected for its currency.
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    [row] = reject(build_order("A1", coupon="LATER", currency="EUR"))
    coupons.assign_coupon(affiliate=ann, code="LATER", assigned_from=NOW.replace(month=1, day=3), now=NOW, by=None)
    result = rejects.correct(reject=row, text=row.content.replace("EUR", "USD"), now=NOW, by=clerk)
    assert (result.affiliate, result.reason) == ("ANN", "coupon")
