"""Deletion requests: what they wait for, and that they are carried out as soon as nothing is open (specification 9)."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.sessions.models import Session
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.models import User
from affiliates import status_history
from affiliates.models import Affiliate, State
from affiliates.notifications import notify
from agreements.models import Acceptance
from audit.models import AuditRecord
from compliance.models import Review
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from lib.formatting import format_datetime_for
from mail import outbox
from mail.models import Message
from mail.rendering import render
from payouts.ledger import adjustments
from payouts.models import Payout, PayoutBatch
from payouts.payout_details import details
from portal import erasure
from portal.models import ErasureRequest
from portal.tasks import carry_out_erasures
from tests.compliance.cases import make_active_affiliate, make_order
from tests.factories import make_staff
from tests.portal.erasure_scenario import credit


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


def request(affiliate: Affiliate) -> ErasureRequest:
    return erasure.request_erasure(affiliate=affiliate, now=timezone.now(), by=affiliate.user)


def list_for_staff(affiliate: Affiliate) -> list[str]:
    return [blocker.for_staff for blocker in erasure.find_blockers(affiliate, timezone.now())]


def list_for_affiliate(affiliate: Affiliate) -> list[str]:
    return erasure.list_blockers(affiliate, timezone.now())


def list_signed_in_users() -> list[str]:
    return [session.get_decoded().get("_auth_user_id", "") for session in Session.objects.all()]


def test_deletion_is_requested_once(terminated, client_for):
    client = client_for(terminated.user)
    client.post("/profile/data/erase/", {})
    assert not ErasureRequest.objects.exists()
    for _repeat in range(2):
        assert client.post("/profile/data/erase/", {"sure": "on"}).status_code == 302
    assert ErasureRequest.objects.get().affiliate == terminated
    assert "Nothing is open." in client.get("/profile/data/").content.decode()
    assert Message.objects.filter(kind="deletion_requested").count() == 1


def test_affiliate_cannot_be_erased_twice(terminated):
    erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)
    with pytest.raises(ValidationError, match="already"):
        erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)


def test_erasure_closes_the_account(terminated, client_for):
    client = client_for(terminated.user)
    assert client.get("/profile/data/").status_code == 200
    assert str(terminated.user_id) in list_signed_in_users()
    erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)
    assert str(terminated.user_id) not in list_signed_in_users()
    user = User.objects.get(pk=terminated.user_id)
    assert (user.is_active, user.has_usable_password(), user.name) == (False, False, "")
    assert client.get("/profile/data/").status_code == 302
    terminated.refresh_from_db()
    assert (terminated.name, terminated.country.code) == (f"Erased {terminated.code}", "")


def test_erasure_keeps_the_acceptance_chain(terminated):
    before = list(Acceptance.objects.values())
    erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)
    assert list(Acceptance.objects.values()) == before


def test_code_made_of_the_name_is_replaced(terminated):
    Affiliate.objects.filter(pk=terminated.pk).update(code="GRETA10")
    erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)
    terminated.refresh_from_db()
    assert "greta" not in f"{terminated.code} {terminated.name}".lower()


@pytest.mark.parametrize(
    ("state", "text"),
    [
        (State.APPLIED, "We have not decided your application yet."),
        (State.APPROVED, "You are still in the program: leave the program first."),
        (State.ACTIVE, "You are still in the program: leave the program first."),
        (State.SUSPENDED, "You are still in the program: leave the program first."),
        (State.LEAVING, "You are still in the program: leave the program first."),
    ],
)
def test_erasure_waits_for_the_end_of_the_agreement(affiliate_factory, state, text):
    affiliate = affiliate_factory(state)
    assert list_for_affiliate(affiliate) == [text]
    with pytest.raises(ValidationError, match=text.split(":")[0]):
        erasure.erase_affiliate(affiliate=affiliate, now=timezone.now(), by=None)
    affiliate.refresh_from_db()
    assert affiliate.erased_at is None


def test_erasure_waits_for_the_end_of_the_notice(affiliate_factory):
    affiliate = affiliate_factory(State.LEAVING)
    affiliate.notice_ends_at = timezone.now() + timedelta(days=9)
    [text] = list_for_affiliate(affiliate)
    assert text.startswith("Your notice runs until ")


def test_erasure_waits_for_a_positive_balance(terminated):
    credit(terminated, "12.30")
    [text] = list_for_affiliate(terminated)
    assert "Your balance is 12.30 USD and must be 0.00. A monthly close pays it out" in text


def test_unsettled_commissions_are_named_with_their_sum_and_the_end_of_the_holding_period(agreement):
    affiliate = make_active_affiliate()
    placed_at = timezone.now() - timedelta(days=2)
    commission = make_order(affiliate, placed_at, order_id="A")
    assert commission.validates_at
    text = list_for_staff(affiliate)[-1]
    assert text.startswith(
        "Commissions of 5.00 USD are not settled yet: a close settles each after its holding period."
    )
    assert f"The last holding period ends on {format_datetime_for(commission.validates_at, affiliate)}." in text
    make_order(affiliate, placed_at, order_id="B", status="paid")
    text = list_for_staff(affiliate)[-1]
    assert "Commissions of 10.00 USD" in text
    assert "Not all of their orders are complete" in text


def test_negative_balance_waits_for_a_write_off(terminated):
    """Nothing pays it out: the affiliate reads that staff decide, and staff what to do."""
    credit(terminated, "-50.00")
    [text] = list_for_affiliate(terminated)
    assert "Your balance is −50.00 USD" in text
    assert "No payout settles a negative balance." in text
    assert "pays it out" not in text
    [staff_text] = list_for_staff(terminated)
    assert "propose a write-off" in staff_text
    proposer, approver = make_staff(superuser=True), make_staff(superuser=True)
    fields = {"affiliate": terminated, "reason": "Uncollectible.", "now": timezone.now()}
    adjustment = adjustments.propose_write_off(**fields, by=proposer)
    assert "An adjustment of 50.00 USD (proposed) has not been settled by a close yet." in " ".join(
        list_for_staff(terminated)
    )
    adjustments.approve(adjustment=adjustment, now=timezone.now(), by=approver)
    assert "An adjustment of 50.00 USD to your balance is not settled yet." in list_for_affiliate(terminated)


@pytest.mark.parametrize("state", ["draft", "submitted", "approved", "sent", "paid", "failed", "cancelled"])
def test_erasure_waits_for_a_payout_under_way(terminated, state):
    returned = timezone.now() if state in ("failed", "cancelled") else None
    Payout.objects.create(
        affiliate=terminated,
        batch=PayoutBatch.objects.create(name="a batch", created_at=timezone.now()),
        details=terminated.payout_details.get(),
        amount=Decimal("20.00"),
        reference="AC1",
        state=state,
        created_at=timezone.now(),
        returned_at=returned,
    )
    waits = ["A payout of 20.00 USD to you is still under way."]
    assert list_for_affiliate(terminated) == (waits if state in ("draft", "submitted", "approved", "sent") else [])


def test_erasure_waits_for_reviews_and_appeals(terminated):
    reviewer = make_staff("compliance reviewers")
    now = timezone.now()
    Affiliate.objects.filter(pk=terminated.pk).update(state=State.ACTIVE)
    terminated.refresh_from_db()
    review = open_review(affiliate=terminated, activity="fraud", summary="Odd.", now=now, by=reviewer)
    status_history.change_status(affiliate=terminated, to=State.TERMINATED, now=now, by=None, reason="a test")
    assert list_for_affiliate(terminated) == ["A review is still open."]
    replies.reply(review=review, text="No.", now=now, by=terminated.user)
    decisions.decide(review=review, decision=Review.Decision.WARNING, reason="So.", now=now, by=reviewer)
    [text] = list_for_affiliate(terminated)
    assert text.startswith("You may appeal the decision of a review until ")
    review.refresh_from_db()
    appeals.appeal(review=review, text="No!", now=now, by=terminated.user)
    assert list_for_affiliate(terminated) == ["Your appeal is not decided yet."]


def test_erasure_waits_for_the_rights_of_staff(terminated):
    User.objects.filter(pk=terminated.user_id).update(is_staff=True)
    terminated.user.refresh_from_db()
    [text] = list_for_affiliate(terminated)
    assert "Remove its staff rights first." in text


def test_request_is_carried_out_as_soon_as_nothing_is_open(terminated):
    credit(terminated, "12.30")
    request(terminated)
    [message] = Message.objects.filter(kind="deletion_requested")
    assert "12.30 USD" in render(kind=message.kind, context=message.context, language="")[1]
    carry_out_erasures.apply()
    assert not Message.objects.filter(kind="deletion_announced").exists()
    credit(terminated, "-12.30")
    carry_out_erasures.apply()
    [announced] = Message.objects.filter(kind="deletion_announced")
    assert announced.to == terminated.user.email
    # As long as an e-mail waits to be sent, its address is needed.
    carry_out_erasures.apply()
    assert Affiliate.objects.get().erased_at is None
    outbox.archive(now=timezone.now())
    carry_out_erasures.apply()
    terminated.refresh_from_db()
    assert terminated.erased_at is not None
    assert ErasureRequest.objects.get().carried_out_at == terminated.erased_at
    assert not Message.objects.exists()


def test_request_is_carried_out_though_no_mail_can_be_sent(terminated):
    request(terminated)
    now = timezone.now()
    erasure.carry_out_requests(now=now)
    assert erasure.carry_out_requests(now=now + timedelta(hours=23)) == 0
    assert erasure.carry_out_requests(now=now + timedelta(hours=25)) == 1


def test_erased_affiliate_gets_no_mail(terminated):
    erasure.erase_affiliate(affiliate=terminated, now=timezone.now(), by=None)
    notify(affiliate=Affiliate.objects.get(pk=terminated.pk), kind="terminated", key="late")
    assert not Message.objects.exists()


def test_staff_read_what_a_request_waits_for(terminated, client_for):
    credit(terminated, "-50.00")
    request(terminated)
    page = client_for(make_staff(superuser=True)).get("/admin/portal/erasurerequest/").content.decode()
    assert "propose a write-off" in page


def test_deletion_request_ends_when_leaving_is_taken_back(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/leave/", {"sure": "on"})
    client.post("/profile/data/erase/", {"sure": "on"})
    assert ErasureRequest.objects.filter(affiliate=affiliate).exists()
    client.post("/profile/leave/take-back/")
    affiliate.refresh_from_db()
    assert (affiliate.state, ErasureRequest.objects.count()) == (State.ACTIVE, 0)
    record = AuditRecord.objects.get(action="erasure request withdrawn")
    assert record.subject_id == str(affiliate.pk)


def test_affiliate_withdraws_a_waiting_deletion_request(affiliate_factory, client_for):
    affiliate = affiliate_factory()
    client = client_for(affiliate.user)
    client.post("/profile/data/erase/", {"sure": "on"})
    assert "Withdraw request" in client.get("/profile/data/").content.decode()
    page = client.post("/profile/data/keep/", follow=True).content.decode()
    assert "Request withdrawn. We keep your data." in page
    assert "Request deletion" in page
    assert not ErasureRequest.objects.exists()
    assert AuditRecord.objects.get(action="erasure request withdrawn").by == affiliate.user
    assert "There is no request to withdraw." in client.post("/profile/data/keep/", follow=True).content.decode()
