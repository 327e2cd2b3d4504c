"""Deletion requests, erasure and the data archive."""

import io
import json
import zipfile
from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from affiliates.models import Affiliate, Channel, State
from agreements.models import Acceptance, AcceptancePerson
from audit.models import AuditRecord
from mail.models import Message
from payouts.models import PayoutDetails
from payouts.payout_details import details
from portal import data_archive, erasure
from portal.models import ErasureRequest
from tests.factories import PASSWORD


@pytest.fixture
def terminated(affiliate_factory) -> Affiliate:
    """A terminated affiliate with payout details and nothing owed."""
    affiliate: Affiliate = affiliate_factory(State.TERMINATED, name="Greta Gardener")
    at = timezone.now() - timedelta(days=20)
    details.change_details(
        affiliate=affiliate, method="paypal", account="greta@example.com", holder="Greta", now=at, by=affiliate.user
    )
    affiliate.refresh_from_db()
    return affiliate


def test_deletion_is_requested_once(terminated, client_for):
    client = client_for(terminated.user)
    client.post("/profile/data/erase/", {})
    assert not ErasureRequest.objects.exists()
    for _repeat in range(2):
        assert client.post("/profile/data/erase/", {"sure": "on"}).status_code == 302
    assert ErasureRequest.objects.get().affiliate == terminated
    assert "our staff will delete your data" in client.get("/profile/data/").content.decode()


def test_active_affiliate_cannot_be_erased(affiliate_factory):
    affiliate = affiliate_factory()
    with pytest.raises(ValidationError, match="leave the program first"):
        erasure.erase_affiliate(affiliate=affiliate, now=timezone.now(), by=None)
    affiliate.refresh_from_db()
    assert affiliate.erased_at is None


def test_negative_balance_blocks_deletion_without_foretelling_a_payout(terminated, client_for, monkeypatch):
    monkeypatch.setattr(erasure.booking, "get_balance", lambda _affiliate: Decimal("-50.00"))
    [blocker] = erasure.list_blockers(terminated, timezone.now())
    assert blocker.startswith("Your balance must be 0.00. It is negative")
    page = client_for(terminated.user).get("/profile/data/").content.decode()
    assert "It is negative" in page
    assert "pay it out" not in page


def test_positive_balance_blocks_deletion_until_it_is_paid(terminated, monkeypatch):
    monkeypatch.setattr(erasure.booking, "get_balance", lambda _affiliate: Decimal("0.01"))
    assert erasure.list_blockers(terminated, timezone.now()) == [
        "Your balance must be 0.00: the next monthly closes pay it out."
    ]


def test_erasure_removes_all_personal_fields(terminated):
    email, name = terminated.user.email, terminated.name
    erasure.request_erasure(affiliate=terminated, now=timezone.now(), by=terminated.user)
    erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)
    terminated.refresh_from_db()
    user = User.objects.get(pk=terminated.user_id)
    assert terminated.erased_at is not None
    assert not user.is_active
    assert not user.has_usable_password()
    assert not AcceptancePerson.objects.exists()
    assert not Message.objects.filter(to=email).exists()
    assert set(PayoutDetails.objects.values_list("encrypted", "holder", "fingerprint")) == {("", "", "")}
    assert all("erased.invalid" in address for address in Channel.objects.values_list("address", flat=True))
    assert ErasureRequest.objects.get().carried_out_at is not None
    for text in (email, name, "greta@example.com"):
        for model in (Affiliate, User, Channel, PayoutDetails, Message, AuditRecord, Acceptance):
            for row in model.objects.values():
                assert text not in str(row), (model, row)


def test_erasure_keeps_the_acceptance_chain(terminated):
    before = list(Acceptance.objects.values())
    erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)
    assert list(Acceptance.objects.values()) == before


def test_affiliate_cannot_be_erased_twice(terminated):
    erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)
    with pytest.raises(ValidationError, match="already"):
        erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)


def test_archive_has_all_data_and_no_secrets(terminated):
    content = data_archive.build_archive(
        affiliate=terminated, now=timezone.now(), pdfs=data_archive.list_documents(terminated)
    )
    archive = zipfile.ZipFile(io.BytesIO(content))
    names = archive.namelist()
    assert "data/affiliate.json" in names
    assert any(name.startswith("pdf/agreement-1") for name in names)
    (affiliate,) = json.loads(archive.read("data/affiliate.json"))
    assert affiliate["name"] == "Greta Gardener"
    (stored,) = json.loads(archive.read("data/payout_details.json"))
    assert "encrypted" not in stored
    assert "greta@example.com" not in archive.read("data/payout_details.json").decode()
    assert "password" not in archive.read("data/account.json").decode()


def test_archive_has_every_model_with_an_affiliate(terminated):
    archived_models = {rows.model for rows in data_archive.collect_querysets(terminated).values()}
    models_with_affiliate = {relation.related_model for relation in Affiliate._meta.related_objects}
    assert models_with_affiliate - archived_models == set()


def test_archive_download_needs_the_password_again(affiliate_factory, client_for):
    client = client_for(affiliate_factory().user)
    response = client.post("/profile/data/download/")
    assert response.status_code == 302
    assert "/reauthenticate/" in response.headers["Location"]
    wrong_password = client.post(response.headers["Location"], {"password": "something else"})
    assert "incorrect" in wrong_password.content.decode().lower()
    response = client.post(response.headers["Location"], {"password": PASSWORD})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(response.content)).testzip() is None
