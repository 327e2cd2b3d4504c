"""The second step of grave actions: what ends when, which money is paid when or held, and the e-mail."""

import re

import pytest
from django.urls import reverse
from django.utils import timezone

from affiliates.models import State
from agreements.models import AgreementVersion
from compliance.models import Review, TerminationNotice
from compliance.offboarding import termination
from compliance.reviews import replies
from compliance.reviews.open_review import open_review
from lib.admin.actions import CONFIRMED
from lib.formatting import format_date
from tests.admin_confirmation import confirm_twice
from tests.compliance.cases import days, list_mails, make_order
from tests.factories import make_affiliate, make_staff
from tests.portal.conftest import accept_agreement

STEP_TWO = "Step 2 of 2. Nothing has changed yet"


def build_url(affiliate, name="change"):
    return reverse(f"admin:affiliates_affiliate_{name}", args=[affiliate.pk])


@pytest.fixture
def staff(client, reviewer):
    client.force_login(reviewer)
    return client


@pytest.fixture
def review(affiliate, second_reviewer) -> Review:
    now = timezone.now()
    held = make_order(affiliate, now - days(9), order_id="HELD")
    make_order(affiliate, now - days(9), amount="200.00")
    review = open_review(
        affiliate=affiliate, activity="fraud", summary="Odd.", commissions=[held], now=now - days(1), by=second_reviewer
    )
    replies.reply(review=review, text="No.", now=now, by=affiliate.user)
    return review


def test_notice_says_what_ends_when_and_what_is_held_before_it_is_given(staff, affiliate, review):
    url = build_url(affiliate, "give_notice")
    for page in (
        staff.get(url).content.decode(),
        staff.post(url, {CONFIRMED: "1", "reason": "We part."}).content.decode(),
    ):
        ends_at = format_date((timezone.now() + days(30)).date())
        assert f"{ends_at} (30 days" in page
        assert "Links and coupons" in page
        assert "each close pays a positive balance" in page
        assert "Review “Fraud” (open, until" in page
        assert "holds 5.00 USD; it is paid only if the review releases it." in page
        assert "10.00 USD, as orders complete and holding periods end" in page
    assert STEP_TWO in page
    # The e-mail says what the page says of the money.
    assert "A review holds 5.00 USD of it. That is paid only if the review releases it." in page
    # The entries are folded; what was typed is read before it is confirmed.
    assert re.search(r"<dt>Reason</dt>\s*<dd>\s*We part\.\s*</dd>", page)
    assert "mail-preview-heading" in page
    assert "We part." in page
    assert not TerminationNotice.objects.exists()
    assert not list_mails(affiliate, "termination_notice")
    confirm_twice(staff, url, {"reason": "We part."})
    assert TerminationNotice.objects.get().reason == "We part."
    assert len(list_mails(affiliate, "termination_notice")) == 1


@pytest.mark.parametrize(
    ("name", "state", "mail"), [("suspend", State.ACTIVE, "suspended"), ("reinstate", State.SUSPENDED, "reinstated")]
)
def test_suspension_and_its_end_are_confirmed(staff, affiliate, name, state, mail):
    if state == State.SUSPENDED:
        confirm_twice(staff, build_url(affiliate, "suspend"), {"reason": "Wait."})
    page = staff.post(build_url(affiliate, name), {CONFIRMED: "1", "reason": "So."}).content.decode()
    affiliate.refresh_from_db()
    assert affiliate.state == state
    assert STEP_TWO in page
    assert "mail-preview-heading" in page
    assert not list_mails(affiliate, mail)


def test_running_notice_is_named_wherever_the_state_is(staff, affiliate, reviewer):
    now = timezone.now()
    notice = termination.give_notice(affiliate=affiliate, ground="choice", reason="We part.", now=now, by=reviewer)
    day = format_date(notice.takes_effect_at)
    page = staff.get(build_url(affiliate)).content.decode()
    assert f"Notice of termination since {format_date(now)}: the agreement ends on {day}" in page
    assert f"notice of termination until {day}" in page  # in the status history
    assert "We part." in page
    assert build_url(affiliate, "give_notice") not in page
    assert build_url(affiliate, "revoke_notice") in page
    listed = staff.get(reverse("admin:affiliates_affiliate_changelist")).content.decode()
    assert f"notice of termination until {day}" in listed
    answers = {CONFIRMED: "1", "reason": "We stay."}
    step = staff.post(build_url(affiliate, "revoke_notice"), answers).content.decode()
    assert f"The agreement does not end on {day}" in step
    confirm_twice(staff, build_url(affiliate, "revoke_notice"), {"reason": "We stay."})
    assert TerminationNotice.objects.get().state == "revoked"
    page = staff.get(build_url(affiliate)).content.decode()
    assert build_url(affiliate, "give_notice") in page
    assert "notice of termination revoked" in page


def test_leaving_affiliate_is_named_with_the_last_day(staff, affiliate):
    termination.leave_program(affiliate=affiliate, now=timezone.now(), by=affiliate.user)
    page = staff.get(build_url(affiliate)).content.decode()
    day = format_date(affiliate.notice_ends_at)
    assert f"The affiliate is leaving on {day}" in page
    assert build_url(affiliate, "give_notice") not in page


def test_notice_to_an_approved_affiliate_runs_on_when_they_accept(agreement, reviewer):
    now = timezone.now()
    approved = make_affiliate(state=State.APPROVED, at=now - days(3))
    notice = termination.give_notice(affiliate=approved, ground="choice", reason="So.", now=now, by=reviewer)
    accept_agreement(approved, AgreementVersion.objects.get(), now)
    approved.refresh_from_db()
    assert (approved.state, approved.notice_ends_at) == (State.ACTIVE, notice.takes_effect_at)


def test_decision_says_what_follows_before_it_is_made(staff, affiliate, review):
    url = reverse("admin:compliance_review_decide", args=[review.pk])
    page = staff.post(url, {CONFIRMED: "1", "decision": "termination", "reason": "So."}).content.decode()
    assert STEP_TWO in page
    assert "The agreement ends at once, for breach." in page
    assert "5.00 USD is held until the time to appeal is over, and forfeited on" in page
    assert "mail-preview-heading" in page
    review.refresh_from_db()
    assert review.state == "open"
    affiliate.refresh_from_db()
    assert affiliate.state == State.ACTIVE


def test_decisions_that_would_be_refused_now_say_why_and_cannot_be_chosen(staff, affiliate, second_reviewer):
    now = timezone.now()
    review = open_review(
        affiliate=affiliate, activity="undisclosed-endorsement", summary="Odd.", now=now, by=second_reviewer
    )
    url = reverse("admin:compliance_review_decide", args=[review.pk])
    page = staff.get(url).content.decode()
    assert "dismissed" in page
    assert "warning – possible from" in page
    assert page.count(", or once the affiliate has replied") == 3
    assert len(re.findall(r'name="decision"[^>]* disabled', page)) == 3
    replies.reply(review=review, text="No.", now=now, by=affiliate.user)
    page = staff.get(url).content.decode()
    assert "warning – possible from" not in page
    termination.leave_program(affiliate=affiliate, now=now, by=affiliate.user)
    assert "suspension – not possible, because the affiliate is leaving" in staff.get(url).content.decode()


def test_affiliate_reads_only_the_decisions_that_the_agreement_allows(client, affiliate, second_reviewer):
    review = open_review(
        affiliate=affiliate,
        activity="undisclosed-endorsement",
        summary="Three posts.",
        evidence_addresses="https://blog.example/a\nblog.example/b",
        commissions=[make_order(affiliate, timezone.now() - days(3), order_id="BY-COUPON")],
        now=timezone.now(),
        by=second_reviewer,
    )
    client.force_login(affiliate.user)
    page = client.get(reverse("compliance:review", args=[review.pk])).content.decode()
    assert "Possible decisions" in page
    assert "Not possible in this review: termination." in page
    assert 'href="https://blog.example/a"' in page
    assert 'href="https://blog.example/b"' in page
    assert "These are the orders that this review names." in page
    assert f"by the coupon {affiliate.code}" in page
    (mail,) = list_mails(affiliate, "review_opened")
    assert mail.context["evidence"] == ["https://blog.example/a", "https://blog.example/b"]


def test_reviewers_decide_beside_the_addresses_of_the_evidence(staff, affiliate, second_reviewer):
    review = open_review(
        affiliate=affiliate, activity="fraud", summary="Odd.", evidence_addresses="https://blog.example/a",
        now=timezone.now(), by=second_reviewer,
    )  # fmt: skip
    for name in ("change", "decide"):
        page = staff.get(reverse(f"admin:compliance_review_{name}", args=[review.pk])).content.decode()
        assert 'href="https://blog.example/a"' in page, name


def test_addresses_of_the_evidence_are_checked(staff, affiliate):
    url = reverse("admin:compliance_review_open_review") + f"?affiliate={affiliate.code}"
    answers = {CONFIRMED: "1", "grounds": "activity:fraud", "summary": "Odd.", "evidence_addresses": "javascript://x"}
    page = staff.post(url, answers).content.decode()
    assert "Enter one address of a page per line" in page
    assert not Review.objects.exists()


def test_coupon_is_unassigned_in_two_steps(client, affiliate):
    client.force_login(make_staff("affiliate managers"))
    coupon = affiliate.coupons.get()
    url = reverse("admin:tracking_coupon_unassign", args=[coupon.pk])
    page = client.post(url, {CONFIRMED: "1", "reason": "Ended."}).content.decode()
    assert STEP_TWO in page
    assert "The code credits no one." in page
    coupon.refresh_from_db()
    assert coupon.assigned_until is None
    confirm_twice(client, url, {"reason": "Ended."})
    coupon.refresh_from_db()
    assert coupon.assigned_until is not None
