"""Payout batches in the admin: submit, approve, export, import results."""

from datetime import date
from decimal import Decimal

import pytest
from django.core.cache import cache
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from audit.models import AuditRecord
from payouts.closing.close import close_month
from payouts.disbursement import approval, payout_transitions
from payouts.disbursement.approval import list_payout_warnings
from payouts.models import (
    PayoutDetails,
    PayoutHold,
    Upload,
)
from payouts.payout_details import details
from tests import sessions
from tests.factories import PASSWORD, make_staff
from tests.payouts.conftest import BEGIN, FEBRUARY, MARCH, build_results_file, build_url, read_text

pytestmark = pytest.mark.django_db


def test_single_payout_is_counted_in_the_singular(make_draft_batch, preparer, approver, sign_in_staff):
    batch = make_draft_batch(amounts=("20.00",))
    client = sign_in_staff(preparer)
    assert "1 payout, 20.00 USD" in read_text(client.get(build_url(batch, "submit")))
    client.post(build_url(batch, "submit"), {"confirmed": "1"})
    assert "1 payout of 20.00 USD." in read_text(sign_in_staff(approver).get(build_url(batch, "approve")))


def test_batch_goes_from_draft_to_paid(make_draft_batch, preparer, approver, sign_in_staff):
    batch = make_draft_batch()
    client = sign_in_staff(preparer)
    assert "125.50 USD in 2 payouts" in read_text(client.get(build_url(batch)))
    assert client.get(build_url(batch, "approve")).status_code == 403
    client.post(build_url(batch, "submit"), {"confirmed": "1"})
    batch.refresh_from_db()
    assert batch.state == "submitted"

    client = sign_in_staff(approver)
    page = read_text(client.get(build_url(batch, "approve")))
    digest = approval.summarize_batch(batch, FEBRUARY).digest
    assert digest in page
    assert "125.50 USD in total" in page
    assert "100.00 USD" in page
    client.post(build_url(batch, "approve"), {"digest": "0" * 64})
    batch.refresh_from_db()
    assert batch.state == "submitted"
    client.post(build_url(batch, "approve"), {"digest": digest})
    batch.refresh_from_db()
    assert batch.state == "approved"
    assert client.get(build_url(batch, "export")).status_code == 403

    client = sign_in_staff(preparer)
    assert "Export these payouts" in read_text(client.get(build_url(batch, "export")))
    client.post(build_url(batch, "export"))
    batch.refresh_from_db()
    assert batch.state == "sent"
    [file] = batch.files.all()
    url = reverse("admin:payouts_payoutbatch_file", args=[batch.pk, file.pk])
    assert url in read_text(client.get(build_url(batch)))
    first, again = client.get(url), client.get(url)
    assert first.content == again.content
    assert b",100.00,USD," in first.content
    assert AuditRecord.objects.filter(action="payout file downloaded").count() == 2
    assert sign_in_staff(approver).get(url).status_code == 403

    sign_in_staff(preparer).post(build_url(batch, "mark_paid"), {"confirmed": "1"})
    assert set(batch.payouts.values_list("state", flat=True)) == {"paid"}


def test_approval_page_shows_warnings(make_payable_affiliate, grant, preparer, approver, sign_in_staff, settings):
    settings.UNUSUAL_PAYOUT = 100
    paid_before, changed, rich = (make_payable_affiliate() for _time in range(3))
    grant(paid_before, "20.00")
    close_month(month=BEGIN.date(), now=FEBRUARY, by=None)
    details.change_details(
        affiliate=changed, method="paypal", account="another@example.com", holder="X", now=FEBRUARY, by=None, hold=False
    )
    for affiliate, granted in ((paid_before, "30.00"), (changed, "40.00"), (rich, "100.00")):
        grant(affiliate, granted, at=FEBRUARY)
    batch = close_month(month=date(2026, 2, 1), now=MARCH, by=None).batches.get()
    kinds = {
        batch.payouts.get(pk=pk).affiliate: list(map(str, found)) for pk, found in list_payout_warnings(batch).items()
    }
    assert kinds == {changed: ["changed_details"], rich: ["over_limit", "first_payout"]}
    approval.submit(batch=batch, now=MARCH, by=preparer)
    page = read_text(sign_in_staff(approver).get(build_url(batch, "approve")))
    assert "2 payouts are unusual" in page
    for warning in ("First payout to changed details", "Payout over the limit", "First payout ever"):
        assert page.count(warning) == 1


def test_submitter_cannot_approve(make_draft_batch, sign_in_staff):
    both = make_staff("payout preparers", "payout approvers")
    batch = make_draft_batch()
    client = sign_in_staff(both)
    client.post(build_url(batch, "submit"), {"confirmed": "1"})
    assert "Another member of staff must approve" in read_text(client.get(build_url(batch, "approve")))
    digest = approval.summarize_batch(batch, FEBRUARY).digest
    response = client.post(build_url(batch, "approve"), {"digest": digest}, follow=True)
    assert "Another member of staff must approve" in read_text(response)
    batch.refresh_from_db()
    assert batch.state == "submitted"


def test_results_are_mapped_and_previewed_before_import(make_sent_batch, preparer, sign_in_staff):
    batch = make_sent_batch()
    payout = batch.payouts.select_related("affiliate").get(amount="100.00")
    content = build_results_file((payout, "failed", "100.00", "closed"), ("AC0", "paid", "1.00", ""))
    client, url = sign_in_staff(preparer), reverse("admin:payouts_payoutbatch_import_results")
    assert "a row for each payout with its reference and its result" in read_text(client.get(url))
    columns_url = client.post(url, {"file": SimpleUploadedFile("r.csv", content)}).headers["Location"]
    page = client.get(columns_url)
    form = page.context["form"]
    assert {form[name].label: form[name].initial for name in form.fields if name != "preset"} == {
        name: name for name in ("reference", "result", "amount", "reason")
    }
    answers = {name: field.initial for name, field in form.fields.items()}
    preview_url = client.post(columns_url, answers).headers["Location"]
    preview = client.get(preview_url)
    page = read_text(preview)
    assert "nothing is changed yet" in page
    assert "reference: no payout has this reference" in page
    assert "Paid: 0, failed: 1, returned: 0, unchanged: 0, refused: 1." in page
    payout.refresh_from_db()
    assert payout.state == "sent"
    confirmation = {"confirm": "1", "digest": preview.context["digest"]}
    assert "Results imported" in read_text(client.post(preview_url, confirmation, follow=True))
    payout.refresh_from_db()
    assert payout.state == "failed"
    assert client.post(preview_url, confirmation).status_code == 404
    assert not Upload.objects.exists()
    assert "Choose a file" in read_text(client.post(url, {}))

    client.post(build_url(payout, "reissue"), {"confirmed": "1", "reason": "They called.", "same_account": "on"})
    assert payout.replaced_by.amount == Decimal("100.00")


def test_results_that_changed_since_their_preview_are_not_imported(make_sent_batch, preparer, sign_in_staff):
    payout = make_sent_batch().payouts.select_related("affiliate").get(amount="100.00")
    client, url = sign_in_staff(preparer), reverse("admin:payouts_payoutbatch_import_results")
    file = SimpleUploadedFile("r.csv", build_results_file((payout, "failed", "100.00", "closed")))
    columns_url = client.post(url, {"file": file}).headers["Location"]
    answers = {name: field.initial for name, field in client.get(columns_url).context["form"].fields.items()}
    preview_url = client.post(columns_url, answers).headers["Location"]
    digest = client.get(preview_url).context["digest"]
    payout_transitions.pay(payout=payout, now=FEBRUARY, by=preparer)
    page = read_text(client.post(preview_url, {"confirm": "1", "digest": digest}))
    assert "has changed. Check the preview again." in page
    payout.refresh_from_db()
    assert payout.state == "paid"


def test_results_file_input_uses_unfold_widget(preparer, sign_in_staff):
    page = read_text(sign_in_staff(preparer).get(reverse("admin:payouts_payoutbatch_import_results")))
    assert 'aria-label="Choose file to upload"' in page


def test_batch_page_shows_totals_and_results(make_sent_batch, preparer, sign_in_staff):
    batch = make_sent_batch(amounts=("100.00", "25.50", "40.00", "50.00"))
    of = {str(payout.amount): payout for payout in batch.payouts.select_related("affiliate")}
    payout_transitions.pay(payout=of["25.50"], now=FEBRUARY, by=preparer)
    payout_transitions.pay(payout=of["40.00"], now=FEBRUARY, by=preparer)
    payout_transitions.fail(payout=of["40.00"], reason="closed", now=FEBRUARY, by=preparer)
    payout_transitions.fail(payout=of["100.00"], reason="closed", now=FEBRUARY, by=preparer)
    page = read_text(sign_in_staff(preparer).get(build_url(batch)))
    assert "215.50 USD in 4 payouts" in page
    assert "1 paid, 1 failed, 1 returned, 1 without a result" in page


def test_export_of_changed_batch_voids_approval(make_draft_batch, preparer, approver, sign_in_staff):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    approval.approve(batch=batch, digest=approval.summarize_batch(batch, FEBRUARY).digest, now=FEBRUARY, by=approver)
    batch.payouts.filter(amount="100.00").update(amount="1000.00")
    response = sign_in_staff(preparer).post(build_url(batch, "export"), follow=True)
    assert "Nothing was exported. The payouts have changed since they were approved." in read_text(response)
    batch.refresh_from_db()
    assert batch.state == "draft"


def test_unpayable_payouts_are_removed_and_payout_is_held(make_draft_batch, preparer, approver, sign_in_staff):
    batch = make_draft_batch(amounts=("100.00", "25.50", "30.00"))
    changed, held = batch.payouts.get(amount="100.00"), batch.payouts.get(amount="30.00")
    PayoutDetails.objects.create(
        affiliate=changed.affiliate, method="paypal", holder="X", encrypted="x", masked="x", fingerprint="x",
        entered_at=FEBRUARY, confirmation="a test", usable_from=FEBRUARY,
    )  # fmt: skip
    assert sign_in_staff(approver).get(build_url(batch, "remove_unpayable")).status_code == 403
    client = sign_in_staff(preparer)
    page = read_text(client.post(build_url(batch, "submit"), {"confirmed": "1"}, follow=True))
    assert "Remove the unpayable payouts to submit the rest, or wait." in page
    page = read_text(client.get(build_url(batch, "remove_unpayable")))
    assert "100.00 USD" in page
    assert "details have changed" in page
    client.post(build_url(batch, "remove_unpayable"))
    client.post(build_url(held, "hold"), {"confirmed": "1", "reason": "A court order."})
    assert sorted(batch.payouts.values_list("state", "amount")) == [
        ("cancelled", Decimal("30.00")), ("cancelled", Decimal("100.00")), ("draft", Decimal("25.50")),
    ]  # fmt: skip
    assert PayoutHold.objects.get(affiliate=held.affiliate).reason == "A court order."
    client.post(build_url(batch, "submit"), {"confirmed": "1"})
    batch.refresh_from_db()
    assert batch.state == "submitted"
    assert "Every payout of this batch can be sent" in read_text(client.get(build_url(batch, "remove_unpayable")))


@pytest.fixture
def submitted_batch(make_draft_batch, preparer):
    batch = make_draft_batch()
    approval.submit(batch=batch, now=FEBRUARY, by=preparer)
    return batch


@pytest.mark.parametrize("age", [14 * 60, 16 * 60])
def test_payouts_are_approved_with_a_recent_authentication_only(submitted_batch, approver, sign_in_staff, age):
    cache.clear()
    approver.set_password(PASSWORD)
    approver.save()
    client = sessions.sign_in(sign_in_staff(approver), approver, seconds_ago=age)
    path, digest = build_url(submitted_batch, "approve"), approval.summarize_batch(submitted_batch, FEBRUARY).digest
    responses = client.get(path), client.post(path, {"digest": digest})
    submitted_batch.refresh_from_db()
    if age < 15 * 60:
        assert submitted_batch.state == "approved"
        return
    assert submitted_batch.state == "submitted"
    for response in responses:
        assert response.headers["Location"].startswith("/accounts/reauthenticate/?next=%2Fadmin%2Fpayouts")
    back = client.post(responses[0].headers["Location"], {"password": PASSWORD})
    assert back.headers["Location"] == path
    client.post(path, {"digest": digest})
    submitted_batch.refresh_from_db()
    assert submitted_batch.state == "approved"


def test_session_without_any_authentication_cannot_approve(submitted_batch, approver, client):
    client.force_login(approver)
    assert client.get(build_url(submitted_batch, "approve")).status_code == 403
