"""Rotation of keys, while other processes write."""

import threading
from datetime import UTC, datetime
from io import StringIO
from itertools import pairwise

import pytest
from cryptography.fernet import InvalidToken
from django.core.management import CommandError, call_command
from django.db import DatabaseError, IntegrityError, connections
from django.test import Client

from lib.ids import uuid7
from payouts.disbursement.exports import get_file_content
from payouts.models import PayoutBatch, PayoutDetails, PayoutFile, Upload
from payouts.payout_details import encryption
from portal import key_rotation
from shops.connectors import secrets
from shops.models import Connection
from tests.factories import make_affiliate, make_staff
from tests.shops.connectors.plain_shop import SECRET, make_connection
from tracking.clicks import click_ids

OLD, NEW = "b7Xq_2mVd9RkTz5LwHc1YpNsGe8JfUa4", "T5LwHc1YpNsGe8JfUa4b7Xq_2mVd9Rkz"
NOW = datetime(2026, 3, 1, tzinfo=UTC)
# The lists of keys in the order of docs/operations.md.
STEPS = ([OLD], [OLD, NEW], [NEW, OLD], [NEW])


def make_details(account: str) -> PayoutDetails:
    return PayoutDetails.objects.create(
        affiliate=make_affiliate(), method="paypal", holder="A Holder", encrypted=encryption.encrypt(account),
        entered_at=NOW, usable_from=NOW,
    )  # fmt: skip


def make_file(content: str = "payee,amount") -> PayoutFile:
    batch = PayoutBatch.objects.create(name="March", created_at=NOW)
    return PayoutFile.objects.create(
        batch=batch, method="paypal", payouts=1, total="16.00", encrypted=encryption.encrypt(content), made_at=NOW
    )


def run_keys(*arguments: str) -> str:
    output = StringIO()
    call_command("keys", *arguments, stdout=output, stderr=output)
    return output.getvalue()


@pytest.fixture
def stored(db, settings) -> PayoutFile:
    """One value of each kind, encrypted with the old key."""
    settings.PAYOUT_DETAILS_KEYS = [OLD]
    make_details("ann@example.com")
    make_connection()
    Upload.objects.create(
        kind="results", name="a.csv", uploaded_at=NOW, uploaded_by=make_staff(), content=encryption.seal(b"a,b")
    )
    return make_file()


def read_all() -> None:
    assert {encryption.decrypt(row.encrypted) for row in PayoutDetails.objects.all()} == {"ann@example.com"}
    assert get_file_content(PayoutFile.objects.get()) == b"payee,amount"
    assert secrets.list_secrets(Connection.objects.get(), now=NOW) == [SECRET]
    assert encryption.unseal(bytes(Upload.objects.get().content)) == b"a,b"


def test_everything_is_readable_with_the_new_key_alone_after_reencryption(stored, settings):
    settings.PAYOUT_DETAILS_KEYS = [NEW, OLD]
    assert "4 values" in run_keys("--reencrypt")
    settings.PAYOUT_DETAILS_KEYS = [NEW]
    read_all()
    assert "0 values" in run_keys("--reencrypt")


def test_interrupted_reencryption_loses_nothing_and_is_continued(stored, settings, monkeypatch):
    settings.PAYOUT_DETAILS_KEYS = [NEW, OLD]
    reencrypt = encryption.reencrypt
    for allowed in (1, 2):
        left = iter(range(allowed))

        def stop_after(content: bytes, left=left) -> bytes:
            if next(left, None) is None:
                raise KeyboardInterrupt
            return reencrypt(content)

        monkeypatch.setattr(encryption, "reencrypt", stop_after)
        with pytest.raises(KeyboardInterrupt):
            key_rotation.reencrypt_all()
        read_all()
    monkeypatch.undo()
    settings.PAYOUT_DETAILS_KEYS = [NEW, OLD]
    assert key_rotation.reencrypt_all() == (1, [])
    settings.PAYOUT_DETAILS_KEYS = [NEW]
    read_all()


def test_value_that_changes_meanwhile_is_not_overwritten(stored, settings, monkeypatch):
    settings.PAYOUT_DETAILS_KEYS = [NEW, OLD]
    reencrypt = encryption.reencrypt

    def change_first(content: bytes) -> bytes:
        PayoutDetails.objects.update(encrypted=encryption.encrypt("bea@example.com"))
        return reencrypt(content)

    monkeypatch.setattr(encryption, "reencrypt", change_first)
    key_rotation.reencrypt_all()
    assert encryption.decrypt(PayoutDetails.objects.get().encrypted) == "bea@example.com"


def test_value_without_a_key_is_named_and_left_alone(stored, settings):
    settings.PAYOUT_DETAILS_KEYS = [NEW]
    before = PayoutFile.objects.get().encrypted
    with pytest.raises(CommandError, match=f"payouts.PayoutFile {stored.pk}: encrypted"):
        run_keys("--reencrypt")
    assert PayoutFile.objects.get().encrypted == before
    settings.PAYOUT_DETAILS_KEYS = [NEW, OLD]
    read_all()


def test_page_that_lacks_a_key_says_so(stored, settings):
    client = Client()
    client.force_login(make_staff(superuser=True))
    settings.PAYOUT_DETAILS_KEYS, settings.STAFF_MFA_REQUIRED = [NEW], False
    response = client.get(f"/admin/payouts/payoutbatch/{stored.batch_id}/files/{stored.pk}/")
    assert response.status_code == 503
    assert "PAYOUT_DETAILS_KEYS lacks the key" in response.content.decode()


def test_payout_file_stays_final_outside_of_rotation(stored):
    with pytest.raises((DatabaseError, IntegrityError)):
        PayoutFile.objects.update(encrypted="changed")


@pytest.mark.parametrize(("earlier", "later"), list(pairwise(STEPS[:3])))
def test_processes_of_two_steps_understand_each_other(settings, earlier, later):
    for writes, reads in ((earlier, later), (later, earlier)):
        settings.CLICK_ID_KEYS = settings.PAYOUT_DETAILS_KEYS = writes
        token, secret = sign_click(), encryption.encrypt("ann@example.com")
        settings.CLICK_ID_KEYS = settings.PAYOUT_DETAILS_KEYS = reads
        assert click_ids.verify_click_id(token) is not None
        assert encryption.decrypt(secret) == "ann@example.com"


def test_click_id_without_its_key_is_refused(settings):
    settings.CLICK_ID_KEYS = [OLD]
    token = sign_click()
    settings.CLICK_ID_KEYS = [NEW]
    assert click_ids.verify_click_id(token) is None


def sign_click() -> str:
    return click_ids.sign_click_id(uuid7(), NOW)


@pytest.mark.django_db(transaction=True)
def test_keys_are_rotated_while_details_are_entered_and_clicks_arrive(settings):
    """Each step of the rotation, with threads that write and read all the time."""
    settings.CLICK_ID_KEYS = settings.PAYOUT_DETAILS_KEYS = [OLD]
    stop, refused, written = threading.Event(), [], []
    tokens: list[str] = [sign_click()]

    def work(number: int) -> None:
        try:
            while not stop.is_set():
                written.append(make_file(f"file {number}").pk)
                tokens.append(sign_click())
                refused.extend(token for token in tokens[-50:] if click_ids.verify_click_id(token) is None)
                get_file_content(PayoutFile.objects.get(pk=written[-1]))
        except Exception as error:  # noqa: BLE001 -- reported below
            refused.append(repr(error))
        finally:
            connections.close_all()

    threads = [threading.Thread(target=work, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    try:
        for keys in STEPS[:3]:
            reached = len(written) + 20
            settings.CLICK_ID_KEYS = settings.PAYOUT_DETAILS_KEYS = keys
            while len(written) < reached and not refused:
                stop.wait(0.01)
            key_rotation.reencrypt_all()
    finally:
        stop.set()
        for thread in threads:
            thread.join()
    assert refused == []
    key_rotation.reencrypt_all()
    # Click ids keep their key for as long as they may be attributed; everything else needs the new one alone.
    settings.PAYOUT_DETAILS_KEYS = [NEW]
    for file in PayoutFile.objects.all():
        assert get_file_content(file).startswith(b"file ")
    assert all(click_ids.verify_click_id(token) is not None for token in tokens)


def test_keys_are_listed_by_fingerprint_and_never_shown(stored, settings):
    settings.PAYOUT_DETAILS_KEYS, settings.DERIVED_KEYS = [NEW, OLD], ["CLICK_ID_KEYS"]
    output = run_keys()
    assert "CLICK_ID_KEYS (derived from SECRET_KEY)" in output
    assert "0 values\n" in output
    assert "4 values, since " in output
    for key in (OLD, NEW, settings.SECRET_KEY, settings.PERSONAL_HASH_KEY, *settings.CLICK_ID_KEYS):
        assert key not in output


def test_new_key_is_strong_and_differs_each_time():
    first, second = (run_keys("--new", "PAYOUT_DETAILS_KEYS").splitlines() for _time in range(2))
    assert first[0] != second[0]
    assert len(first[0]) == 64
    assert "restart" in first[1]


def test_unreadable_data_is_still_an_invalid_token(stored, settings):
    settings.PAYOUT_DETAILS_KEYS = [NEW]
    with pytest.raises(InvalidToken):
        get_file_content(stored)
