"""Payout details: encryption, hold, notices and validation."""

import io
import logging
from datetime import date, timedelta

import pytest
from cryptography.fernet import InvalidToken
from django.core.exceptions import ValidationError

from audit.models import AuditRecord
from mail.models import Message
from payouts.disbursement import approval
from payouts.models import PayoutDetails
from payouts.payout_details import details
from payouts.payout_details.encryption import compute_fingerprint, decrypt, encrypt, reencrypt
from payouts.payout_details.methods import Account
from portal.account_changes import announce_email_change
from tests.factories import make_affiliate
from tests.payouts.conftest import BEGIN, FEBRUARY, IBAN, JANUARY, close_and_get_batch

pytestmark = pytest.mark.django_db


def change_details(affiliate, account, method="paypal", now=JANUARY, **options):
    options = {"holder": "A Holder"} | options
    return details.change_details(affiliate=affiliate, method=method, account=account, now=now, by=None, **options)


def test_encryption_uses_newest_key_and_decryption_any(settings):
    settings.PAYOUT_DETAILS_KEYS = ["old"]
    before = encrypt(IBAN)
    settings.PAYOUT_DETAILS_KEYS = ["new", "old"]
    assert decrypt(before) == IBAN
    after = reencrypt(before.encode()).decode()
    settings.PAYOUT_DETAILS_KEYS = ["new"]
    assert decrypt(after) == IBAN
    with pytest.raises(InvalidToken):
        decrypt(before)


def test_equal_accounts_have_different_ciphertexts_and_the_same_fingerprint(settings):
    assert encrypt(IBAN) != encrypt(IBAN)
    mine = compute_fingerprint(IBAN)
    assert mine == compute_fingerprint(IBAN) != compute_fingerprint("DE02120300000000202051")
    settings.PERSONAL_HASH_KEY = "another"
    assert compute_fingerprint(IBAN) != mine


def test_changed_details_are_held(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    row = change_details(affiliate, "New@Example.com")
    assert row.usable_from == JANUARY + timedelta(days=7)
    assert row.masked == "n•••@example.com"
    assert details.get_account(row).account == "new@example.com"
    assert details.get_current_details(affiliate, JANUARY) == row
    assert details.get_current_details(affiliate, JANUARY - timedelta(seconds=1)) != row


def test_last_entered_details_count_after_clock_was_set_back(make_payable_affiliate, grant):
    affiliate = make_payable_affiliate()
    wrong = change_details(affiliate, "wrnog@example.com")
    hour_back = JANUARY - timedelta(hours=1)
    right = details.change_details(
        affiliate=affiliate, method="paypal", account="right@example.com", holder="X", now=hour_back, by=None
    )
    assert (
        AuditRecord.objects.filter(reason=details.CONFIRMED_BY_AFFILIATE).latest("id").before["account"] == wrong.masked
    )
    assert details.get_current_details(affiliate, JANUARY + timedelta(seconds=1)) == right
    grant(affiliate, "20.00")
    [payout] = close_and_get_batch(date(2026, 1, 1), FEBRUARY).payouts.all()
    assert payout.details == right


def test_old_and_new_address_and_affiliate_are_notified(make_payable_affiliate):
    affiliate = make_payable_affiliate(account="old@example.com")
    Message.objects.all().delete()
    row = change_details(affiliate, "new@example.com")
    messages = Message.objects.filter(kind="payout_details_changed")
    assert set(messages.values_list("to", flat=True)) == {"old@example.com", "new@example.com", affiliate.user.email}
    context = messages[0].context
    assert (context["account_before"], context["account"]) == ("o•••@example.com", "n•••@example.com")
    assert context["clause"] == "5.6 of version 1"
    assert context["usable_from"] == "27 Jan 2026, 12:00 UTC"
    record = AuditRecord.objects.filter(action="payout details changed")[0]
    assert (record.before["account"], record.after["account"]) == ("o•••@example.com", "n•••@example.com")
    assert "new@example.com" not in str(record.after)
    assert row.confirmation == "affiliate, password entered again"


def test_notice_of_changed_details_is_in_the_language_of_its_reader(make_payable_affiliate):
    affiliate = make_payable_affiliate(account="old@example.com")
    affiliate.language = "de"
    affiliate.save()
    Message.objects.all().delete()
    change_details(affiliate, "new@example.com")
    messages = Message.objects.filter(kind="payout_details_changed")
    assert list(messages.values_list("language", flat=True)) == ["de", "de", "de"]


in_euro = pytest.mark.parametrize("program_terms", [{"currency": "EUR"}])


@in_euro
def test_imported_details_have_no_hold(agreement):
    one, two = make_affiliate(at=BEGIN), make_affiliate(at=BEGIN)
    entries = [
        details.DetailsEntry(one, "sepa", "de89 3704 0044 0532 0130 00", "One", BEGIN),
        details.DetailsEntry(two, "bank", "12345678", "Two", BEGIN, "12-34-56", "GB"),
    ]
    assert details.import_details(entries=entries, now=JANUARY, by=None) == 2
    first, second = PayoutDetails.objects.order_by("method").exclude(affiliate=None)
    assert (second.masked, second.entered_at, second.usable_from) == ("DE•• •••• 3000", BEGIN, BEGIN)
    assert first.masked == "GB •••• 5678"
    assert first.confirmation == "retailer, at import"
    assert AuditRecord.objects.filter(action="payout details imported").count() == 2


def test_import_with_invalid_details_stores_nothing(agreement):
    one, two = make_affiliate(at=BEGIN), make_affiliate(at=BEGIN)
    entries = [
        details.DetailsEntry(one, "paypal", "one@example.com", "One", BEGIN),
        details.DetailsEntry(two, "sepa", "DE00370400440532013000", "Two", BEGIN),
    ]
    with pytest.raises(ValidationError, match=two.code):
        details.import_details(entries=entries, now=JANUARY, by=None)
    assert not PayoutDetails.objects.exists()


INVALID = [
    ("paypal", "no address", "A", "account"),
    ("paypal", "=cmd@example.com", "A", "account"),
    ("paypal", "+a@example.com", "A", "account"),
    ("sepa", "DE89370400440532013001", "A", "account"),
    ("sepa", "", "A", "account"),
    ("sepa", "١٢٣", "A", "account"),
    ("bank", "12345678", "A", "country"),
    ("paypal", '"a\x01"@example.com', "A", "account"),
    ("sepa", "TR330006100519786457841326", "A", "account"),
    ("sepa", "AE070331234567890123456", "A", "account"),
    ("sepa", "DE89370400440532013000", "\U0001f389", "holder"),
    # The program is in USD.
    ("sepa", "DE89370400440532013000", "A", "method"),
    ("bank", "12345678", "", "holder"),
    ("bank", "12345678", "A" * 141, "holder"),
    ("bank", "12345678", "A\nB", "holder"),
    ("cheque", "12345678", "A", "method"),
]


@pytest.mark.parametrize(("method", "account", "holder", "field"), INVALID)
def test_invalid_details_are_rejected_with_field(method, account, holder, field, make_payable_affiliate):
    affiliate = make_payable_affiliate()
    with pytest.raises(ValidationError) as error:
        details.change_details(affiliate=affiliate, method=method, account=account, holder=holder, now=JANUARY, by=None)
    assert list(error.value.message_dict) == [field]
    assert affiliate.payout_details.count() == 1


@in_euro
def test_shared_accounts_are_found_in_any_spelling(make_payable_affiliate):
    one, two = make_payable_affiliate(), make_payable_affiliate()
    mine = change_details(one, IBAN, "sepa")
    theirs = change_details(two, "DE89-3704 0044-0532-0130-00", "bank")
    assert [row.pk for row in details.list_shared_details(mine)] == [theirs.pk]


@in_euro
def test_account_is_never_logged(make_payable_affiliate, monkeypatch):
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    root = logging.getLogger()
    root.addHandler(handler)
    monkeypatch.setattr(root, "level", logging.DEBUG)
    monkeypatch.setattr(logging.getLogger("django.db.backends"), "level", logging.INFO)
    try:
        change_details(make_payable_affiliate(), IBAN, "sepa")
        with pytest.raises(ValidationError) as error:
            change_details(make_payable_affiliate(), IBAN[:-1] + "1", "sepa")
    finally:
        root.removeHandler(handler)
    assert IBAN[:-1] not in stream.getvalue()
    assert IBAN[:-1] not in str(error.value)


def test_iban_is_normalized():
    assert (
        details.validate_account(method="sepa", account=Account("gb33 BUKB 2020 1555 5555 55"), holder="A").account
        == "GB33BUKB20201555555555"
    )


def test_sepa_is_refused_outside_euro_in_every_way_in(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    entry = details.DetailsEntry(affiliate, "sepa", IBAN, "A", JANUARY)
    with pytest.raises(ValidationError, match="SEPA transfers are in EUR only; this program pays in USD"):
        details.import_details(entries=[entry], now=JANUARY, by=None)
    with pytest.raises(ValidationError, match="SEPA transfers are in EUR only; this program pays in USD"):
        change_details(affiliate, IBAN, "sepa")
    assert affiliate.payout_details.get().method == "paypal"


def test_import_before_the_first_agreement_takes_every_method(db):
    affiliate = make_affiliate(at=BEGIN)
    entry = details.DetailsEntry(affiliate, "sepa", IBAN, "A", BEGIN)
    assert details.import_details(entries=[entry], now=JANUARY, by=None) == 1


@in_euro
def test_holder_that_banks_cannot_write_blocks_the_payout_before_the_export(make_draft_batch, preparer):
    batch = make_draft_batch(account=IBAN, method="sepa", amounts=("100.00",))
    PayoutDetails.objects.update(holder="\U0001f389")
    with pytest.raises(ValidationError, match="no letter that banks can write"):
        approval.submit(batch=batch, now=FEBRUARY, by=preparer)


def test_invisible_characters_are_removed(make_payable_affiliate):
    affiliate = make_payable_affiliate()
    row = change_details(affiliate, "\u202apay@example.org\u200b", holder="\u200fדוד כהן\u200e")
    assert (details.get_account(row).account, row.holder) == ("pay@example.org", "דוד כהן")
    bank = {"bank_code": "\u200b12\u201134\u00a056", "country": " gb\u200b"}
    row = change_details(affiliate, "1234\ufe0f 5678\u200b", "bank", JANUARY + timedelta(days=1), **bank)
    assert details.get_account(row) == Account("12345678", "123456", "GB")


def test_former_address_is_notified_while_payouts_are_held_after_its_change(make_payable_affiliate):
    affiliate = make_payable_affiliate(account="old@example.com")
    before = affiliate.user.email
    announce_email_change(user=affiliate.user, before=before, after="thief@example.com", now=JANUARY, by=affiliate.user)
    affiliate.user.email = "thief@example.com"
    affiliate.user.save()
    change_details(affiliate, "thief2@example.com")
    notified = set(Message.objects.filter(kind="payout_details_changed").values_list("to", flat=True))
    assert notified == {before, "thief@example.com", "old@example.com", "thief2@example.com"}
