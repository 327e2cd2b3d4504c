"""Erasure"""

import io
import json
import zipfile
from datetime import timedelta

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
def gone(affiliate_factory) -> Affiliate:
    """A terminated affiliate with payout details and nothing owed."""
    affiliate: Affiliate = affiliate_factory(State.TERMINATED, name="Greta Gardener")
    at = timezone.now() - timedelta(days=20)
    details.change_details(
        affiliate=affiliate, method="paypal", account="greta@example.com", holder="Greta", now=at, by=affiliate.user
    )
    affiliate.refresh_from_db()
    return affiliate


def test_is_asked_for_once_and_seen_by_staff(gone, client_for):
    client = client_for(gone.user)
    client.post("/profile/data/erase/", {})
    assert not ErasureRequest.objects.exists()
    for _again in range(2):
        assert client.post("/profile/data/erase/", {"sure": "on"}).status_code == 302
    assert ErasureRequest.objects.get().affiliate == gone
    assert "our staff will delete your data" in client.get("/profile/data/").content.decode()


def test_of_somebody_who_takes_part_is_refused_with_what_must_happen_first(affiliate_factory):
    affiliate = affiliate_factory()
    with pytest.raises(ValidationError, match="leave the program first"):
        erasure.erase_affiliate(affiliate=affiliate, now=timezone.now(), by=None)
    affiliate.refresh_from_db()
    assert affiliate.erased_at is None


def test_leaves_nothing_personal_where_rows_may_change(gone):
    email, name = gone.user.email, gone.name
    erasure.request_erasure(affiliate=gone, now=timezone.now(), by=gone.user)
    erasure.erase_affiliate(affiliate=gone, now=timezone.now(), by=None)
    gone.refresh_from_db()
    user = User.objects.get(pk=gone.user_id)
    assert gone.erased_at is not None
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


def test_keeps_the_acceptance_and_its_place_in_the_chain(gone):
    before = list(Acceptance.objects.values())
    erasure.erase_affiliate(affiliate=gone, now=timezone.now(), by=None)
    assert list(Acceptance.objects.values()) == before


def test_happens_once(gone):
    erasure.erase_affiliate(affiliate=gone, now=timezone.now(), by=None)
    with pytest.raises(ValidationError, match="already"):
        erasure.erase_affiliate(affiliate=gone, now=timezone.now(), by=None)


def test_has_a_copy_to_take_first_with_everything_and_no_secret(gone):
    content = data_archive.build_archive(affiliate=gone, now=timezone.now(), pdfs=data_archive.list_documents(gone))
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


def test_copy_has_every_model_that_names_an_affiliate(gone):
    held = {rows.model for rows in data_archive.collect_querysets(gone).values()}
    naming = {relation.related_model for relation in Affiliate._meta.related_objects}
    assert naming - held == set()


def test_copy_is_downloaded_by_its_owner_who_says_the_password_again(affiliate_factory, client_for):
    client = client_for(affiliate_factory().user)
    asked = client.post("/profile/data/download/")
    assert asked.status_code == 302
    assert "/reauthenticate/" in asked.headers["Location"]
    refused = client.post(asked.headers["Location"], {"password": "something else"})
    assert "incorrect" in refused.content.decode().lower()
    response = client.post(asked.headers["Location"], {"password": PASSWORD})
    assert response.status_code == 200
    assert response.headers["Content-Type"] == "application/zip"
    assert zipfile.ZipFile(io.BytesIO(response.content)).testzip() is None
