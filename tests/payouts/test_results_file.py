"""Files of payout results as banks, spreadsheets and PayPal write them."""

import pytest
from django.core.exceptions import ValidationError

from lib.csv_columns import guess_mapping
from mail.models import Message
from payouts.disbursement import bank_results
from payouts.disbursement.results_file import LAYOUT, RESULT_WORDS, Result, read_results, read_word
from tests.payouts.test_batches import LATER

PAYPAL = (
    "Payout Item ID", "Transaction ID", "Transaction Status", "Payout Batch ID", "Sender Item ID", "Recipient Type",
    "Receiver", "Amount", "Currency", "Fee Amount", "Time Processed", "Error Message",
)  # fmt: skip


def build_paypal_report(*rows, delimiter=","):
    """Return a report with a row for each (payout, status, changed cells)."""
    lines = [delimiter.join(PAYPAL)]
    for payout, word, changed in rows:
        cells = {
            "Payout Item ID": "8AELMXH8UB2P8", "Transaction Status": word, "Sender Item ID": payout.reference,
            "Recipient Type": "EMAIL", "Receiver": "pay@example.org", "Amount": str(payout.amount), "Currency": "USD",
        }  # fmt: skip
        lines.append(delimiter.join((cells | changed).get(heading, "") for heading in PAYPAL))
    return "\n".join([*lines, ""]).encode()


def list_effects(lines):
    return [(line.number, str(line.effect), line.cause) for line in lines]


@pytest.mark.django_db
@pytest.mark.parametrize(
    "content",
    [
        "reference;result;amount;reason\n{};Paid;{};\n",
        "sep=;\nReference;Result;Amount;Reason\n{};PAID;{};\n;;;\n",
        "\ufeffStatus\tNote\tReference\tAmount\ncompleted\tx\t{}\t{}\n",
        "reference|result|amount\n{}|success|{}\n",
        "REFERENCE,RESULT,AMOUNT,REASON\r\n{},paid,{},\r\n,,,\r\n",
    ],
)
def test_file_as_a_spreadsheet_writes_it_marks_the_payout_as_paid(content, make_sent_batch, preparer):
    payout = make_sent_batch().payouts.get(amount="100.00")
    file = content.format(payout.reference, "100").encode()
    lines = bank_results.import_results(content=file, now=LATER, by=preparer)
    assert [line.effect for line in lines] == ["paid"]
    payout.refresh_from_db()
    assert payout.state == "paid"


@pytest.mark.django_db
def test_file_without_amounts_and_with_a_result_that_is_not_final(make_sent_batch, preparer):
    batch = make_sent_batch()
    first, second = batch.payouts.order_by("-amount")
    file = f"our reference,status\n{first.reference},Paid\n{second.reference},in progress\n".encode()
    assert list_effects(bank_results.import_results(content=file, now=LATER, by=preparer)) == [
        (2, "paid", ""), (3, "unchanged", "“in progress” is no final result"),
    ]  # fmt: skip
    second.refresh_from_db()
    assert second.state == "sent"


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("word", "effect", "state"),
    [
        ("SUCCESS", "paid", "paid"), ("FAILED", "failed", "failed"), ("RETURNED", "failed", "failed"),
        ("BLOCKED", "failed", "failed"), ("REFUNDED", "failed", "failed"), ("REVERSED", "failed", "failed"),
        ("UNCLAIMED", "unchanged", "sent"), ("PENDING", "unchanged", "sent"), ("ONHOLD", "unchanged", "sent"),
        ("NEW", "refused", "sent"),
    ],
)  # fmt: skip
def test_every_status_word_of_paypal_is_read(word, effect, state, make_sent_batch, preparer):
    payout = make_sent_batch().payouts.get(amount="100.00")
    content = build_paypal_report((payout, word, {"Amount": "-100.00"}))
    [line] = bank_results.import_results(content=content, now=LATER, by=preparer)
    assert line.effect == effect
    payout.refresh_from_db()
    assert payout.state == state
    if effect == "failed":
        assert Message.objects.get(kind="payout_failed").context["reason"] == f"PayPal: {word}"
    if effect == "unchanged":
        assert line.cause == f"“{word}” is no final result"
    if effect == "refused":
        assert line.cause == "result: “NEW” is unknown; use paid or failed"


@pytest.mark.django_db
def test_payout_that_paypal_returns_after_it_was_paid_goes_back_to_the_balance(make_sent_batch, preparer):
    payout = make_sent_batch().payouts.get(amount="100.00")
    for word, effect in (("SUCCESS", "paid"), ("RETURNED", "returned"), ("RETURNED", "unchanged")):
        content = build_paypal_report((payout, word, {"Error Message": "not claimed"}))
        lines = bank_results.import_results(content=content, now=LATER, by=preparer)
        assert [line.effect for line in lines] == [effect]
    payout.refresh_from_db()
    assert (payout.state, payout.failure) == ("failed", "PayPal: not claimed")


@pytest.mark.django_db
@pytest.mark.parametrize(
    ("changed", "cause"),
    [
        ({"Amount": "100.01"}, "amount: the payout is 100.00"),
        ({"Amount": ""}, "amount: the payout is 100.00"),
        ({"Currency": "EUR"}, "currency: the payout is in USD"),
        ({"Sender Item ID": "x"}, "reference: no payout has this reference"),
    ],
)
def test_paypal_row_that_does_not_fit_the_payout_is_refused(changed, cause, make_sent_batch):
    payout = make_sent_batch().payouts.get(amount="100.00")
    content = build_paypal_report((payout, "SUCCESS", changed), delimiter=";")
    assert list_effects(bank_results.preview_results(content)) == [(2, "refused", cause)]


def test_paypal_report_is_recognized_by_its_headings():
    mapping = guess_mapping(LAYOUT, PAYPAL)
    assert mapping.preset is not None
    assert mapping.preset.name == "paypal"
    assert {field: PAYPAL[index] for field, index in mapping.columns.items()} == {
        "reference": "Sender Item ID", "result": "Transaction Status", "amount": "Amount", "currency": "Currency",
        "reason": "Error Message",
    }  # fmt: skip


def test_every_word_has_one_meaning():
    words = [word for words in RESULT_WORDS.values() for word in words]
    assert len(words) == len(set(words))
    assert read_word(" On-Hold ") is Result.SENT
    assert read_word("nonsense") is None


@pytest.mark.parametrize(
    ("content", "cause"),
    [
        (b"", "The file is empty."),
        (b"ref,amount\nA,1\n", "The file has no column for: reference, result. Its headings are: ref, amount."),
        (b"reference,result\nA\n", "Line 2: This row has 1 cell, but there are 2 headings."),
        (b"reference,result,Result\nA,paid,paid\n", "Line 1: Two columns have the same heading"),
        ("reference,result\nZoë,paid\n".encode("cp1252"), "Line 2: This is not UTF-8"),
        (b"reference,result\nA\0,paid\n", "Line 2: There is a NUL character"),
        (b"reference,result\n" + b"x" * (1024 * 1024 + 1), "Line 2: This belongs to a row of more than 1 MiB"),
        (b"reference,result\n" + b"A,paid\n" * 150_000, "more than 150,000 lines"),
    ],
)  # fmt: skip
def test_unreadable_file_is_refused_with_the_cause(content, cause):
    with pytest.raises(ValidationError) as refusal:
        read_results(content)
    [message] = refusal.value.message_dict["file"]
    assert cause in message


def test_every_row_with_too_few_cells_is_named():
    with pytest.raises(ValidationError) as refusal:
        read_results(b"reference,result\nA\nB,paid\nC\n")
    assert [message[:7] for message in refusal.value.message_dict["file"]] == ["Line 2:", "Line 4:"]
