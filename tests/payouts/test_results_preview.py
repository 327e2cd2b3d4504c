"""The preview of a file of payout results: amounts, sums, rows that are missing, and how many rows are shown."""

import pytest
from django.core.files.uploadedfile import SimpleUploadedFile
from django.urls import reverse

from payouts.disbursement import bank_results
from payouts.models import Payout
from tests.payouts.conftest import build_results_file, build_url, read_text

pytestmark = pytest.mark.django_db
URL = reverse("admin:payouts_payoutbatch_import_results")


def preview(client, content: bytes) -> str:
    columns_url = client.post(URL, {"file": SimpleUploadedFile("r.csv", content)}).headers["Location"]
    answers = {name: field.initial or "" for name, field in client.get(columns_url).context["form"].fields.items()}
    return " ".join(read_text(client.get(client.post(columns_url, answers).headers["Location"])).split())


@pytest.fixture
def payouts(make_sent_batch) -> dict[str, Payout]:
    batch = make_sent_batch(amounts=("100.00", "25.50", "74.36"))
    return {str(one.amount): one for one in batch.payouts.select_related("affiliate")}


def test_preview_shows_amounts_sums_and_all_rows_without_a_column_of_amounts(payouts, preparer, sign_in_staff):
    rows = [(payouts["100.00"], "paid", ""), (payouts["25.50"], "failed", "account closed")]
    lines = [f"{one.reference},{result},{reason}" for one, result, reason in rows]
    page = preview(sign_in_staff(preparer), "\n".join(["reference,result,reason", *lines, ""]).encode())
    assert '<td class="p-2 whitespace-nowrap">100.00 USD</td>' in page
    assert "Paid: 100.00 USD. Back to balances: 25.50 USD." in page
    assert "All 2 rows as they will be imported" in page
    assert "paid: paid" not in page
    assert "failed: account closed" in page
    assert "is marked as paid" in page
    assert "goes back to the balance" in page


def test_preview_names_payouts_of_the_batch_that_have_no_row(payouts, preparer, sign_in_staff):
    missing = payouts["74.36"]
    content = build_results_file((payouts["100.00"], "paid", "100.00", ""), (payouts["25.50"], "paid", "25.50", ""))
    page = preview(sign_in_staff(preparer), content)
    assert "1 payout of the same batch, 74.36 USD, has no row in this file" in page
    assert f"{missing.reference}, {missing.affiliate}, PayPal, 74.36 USD" in page


def test_preview_of_a_complete_file_names_no_missing_payout(payouts, preparer, sign_in_staff):
    rows = [(payout, "paid", amount, "") for amount, payout in payouts.items()]
    assert "has no row" not in preview(sign_in_staff(preparer), build_results_file(*rows))


def test_payouts_with_a_result_are_not_missing(payouts, preparer):
    content = build_results_file(*[(payout, "paid", amount, "") for amount, payout in payouts.items()])
    bank_results.import_results(content=content, now=payouts["100.00"].created_at, by=preparer)
    again = build_results_file((payouts["100.00"], "paid", "100.00", ""))
    assert bank_results.list_missing_payouts(bank_results.preview_results(again)) == []


def test_batch_says_which_files_have_headings(payouts, preparer, sign_in_staff):
    batch = payouts["100.00"].batch
    page = read_text(sign_in_staff(preparer).get(build_url(batch)))
    assert "No headings, as PayPal reads each row as a payment. Columns: e-mail address, amount" in page
