"""The admin of compliance ..."""

import pytest
from django.urls import reverse
from django.utils import timezone

from affiliates.models import Affiliate, State
from agreements.models import Program
from audit.models import AuditRecord
from compliance.models import Review, ReviewFile, Signal, TargetPause, TerminationNotice
from compliance.offboarding import termination
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from compliance.signals import abuse_reports
from compliance.targets import checks
from lib.admin.actions import CONFIRMED
from lib.formatting import format_datetime
from payouts.models import CommissionHold
from tests.compliance import cases
from tests.compliance.cases import days, list_mails, make_active_affiliate, make_order
from tests.factories import make_staff


@pytest.fixture
def staff(client, reviewer):
    client.force_login(reviewer)
    return client


@pytest.fixture
def review(affiliate, second_reviewer):
    now = timezone.now()
    review = open_review(affiliate=affiliate, activity="fraud", summary="Odd.", now=now - days(1), by=second_reviewer)
    replies.reply(review=review, text="No.", files=[("n.txt", b"note")], now=now, by=affiliate.user)
    return review


def at(name: str, *arguments, query: str = "") -> str:
    return reverse(f"admin:compliance_{name}", args=arguments) + query


def confirm(client, address, **answers):
    return client.post(address, {CONFIRMED: "1", **answers})


OPENING = {"summary": "Orders that nobody placed.", "orders": [], "older_orders": "", "hold_all_reason": ""}


def test_opens_a_review_by_a_clause_of_the_version_that_the_affiliate_is_under(staff, affiliate, reviewer):
    now = timezone.now()
    make_order(affiliate, now - days(3), order_id="NEW")
    make_order(affiliate, now - days(2), order_id="OLD")
    response = confirm(staff, at("review_open_review"), affiliate=affiliate.code.lower())
    assert response.status_code == 302
    address = response.url
    assert "8.4 Our time to decide" in staff.get(address).content.decode()
    response = confirm(
        staff,
        address,
        **OPENING | {"grounds": "activity:fraud", "orders": ["NEW"], "older_orders": "OLD", "hold": "on"},
    )
    assert response.status_code == 302
    review = Review.objects.get()
    assert (review.clause, review.opened_by) == ("6.1", reviewer)
    assert CommissionHold.objects.filter(released_at=None).count() == 2


def test_opens_a_review_of_a_term(staff, affiliate):
    address = at("review_open_review", query=f"?affiliate={affiliate.code}")
    confirm(staff, address, **OPENING | {"grounds": "term:channels"})
    assert Review.objects.get().clause == "2.1"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"grounds": "activity:yodelling"}, "Select a valid choice"),
        ({"grounds": "activity:fraud", "older_orders": "T-9999"}, "These are not orders of this affiliate: T-9999"),
        ({"grounds": "activity:fraud", "hold_all_money": "on"}, "Enter a reason."),
        ({"grounds": "activity:fraud", "summary": " "}, "This field is required."),
    ],
)
def test_says_beside_the_field_what_is_wrong(staff, affiliate, answers, message):
    address = at("review_open_review", query=f"?affiliate={affiliate.code}")
    response = confirm(staff, address, **OPENING | answers)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not Review.objects.exists()


def test_decides_a_review(staff, review, reviewer):
    page = staff.get(at("review_decide", review.pk)).content.decode()
    assert 'value="termination"' in page
    confirm(staff, at("review_decide", review.pk), decision="warning", reason="So.")
    review.refresh_from_db()
    assert (review.decision, review.decided_by) == ("warning", reviewer)


def test_refuses_a_hasty_decision_in_the_zone_of_its_form(staff, affiliate, second_reviewer):
    Affiliate.objects.update(time_zone="Asia/Tokyo")
    review = open_review(affiliate=affiliate, activity="fraud", summary="Odd.", now=timezone.now(), by=second_reviewer)
    until = f"can reply until {format_datetime(review.reply_by)}"
    address = at("review_decide", review.pk)
    page = confirm(staff, address, decision="warning", reason="So.").content.decode()
    assert page.count(until) == 2


def test_offers_no_graver_decision_than_the_clause_allows(staff, affiliate, second_reviewer):
    review = open_review(
        affiliate=affiliate, activity="unapproved-channel", summary="Odd.", now=timezone.now(), by=second_reviewer
    )
    page = staff.get(at("review_decide", review.pk)).content.decode()
    assert 'value="warning"' in page
    assert 'value="suspension"' not in page


def test_has_an_appeal_decided_by_somebody_else(staff, review, reviewer, second_reviewer, affiliate):
    now = timezone.now()
    decisions.decide(review=review, decision="warning", reason="So.", now=now, by=reviewer)
    appeals.appeal(review=review, text="No!", now=now, by=affiliate.user)
    answers = {"outcome": "granted", "reason": "Sorry."}
    response = staff.post(at("review_decide_appeal", review.pk), {CONFIRMED: "1", **answers}, follow=True)
    assert "must be decided by a different reviewer" in response.content.decode()
    assert Review.objects.get().state == "appealed"
    staff.force_login(second_reviewer)
    confirm(staff, at("review_decide_appeal", review.pk), **answers)
    assert Review.objects.get().appeal == "granted"


def test_shows_a_review_with_its_steps_files_and_notes(staff, review):
    confirm(staff, at("review_add_note", review.pk), text="Keep an eye on them.")
    page = staff.get(at("review_change", review.pk)).content.decode()
    for text in ("Keep an eye on them.", "Fraud", "n.txt"):
        assert text in page
    file = ReviewFile.objects.get()
    response = staff.get(at("review_file", file.pk))
    assert (response.content, response["X-Content-Type-Options"]) == (b"note", "nosniff")
    assert response["Content-Disposition"].startswith("attachment")


def test_lists_everything_that_there_is(staff, affiliate, review):
    abuse_reports.submit_report(
        page_url="https://a.example/", link_or_coupon=affiliate.code, text="Spam.", email="", now=timezone.now()
    )
    termination.give_notice(affiliate=affiliate, ground="choice", reason="So.", now=timezone.now(), by=None)
    cases.open_program()
    checks.check_targets(now=timezone.now())
    for name in (
        "review",
        "signal",
        "abusereport",
        "targetnotice",
        "targetcheck",
        "targetpause",
        "terminationnotice",
    ):
        assert staff.get(at(f"{name}_changelist")).status_code == 200, name
    for row in (Signal.objects.get(), TerminationNotice.objects.get(), Signal.objects.get().report):
        address = at(f"{row._meta.model_name}_change", row.pk)
        assert staff.get(address).status_code == 200, address


def test_opens_a_review_on_a_signal_or_dismisses_it(staff, affiliate, reviewer):
    now = timezone.now()
    first = abuse_reports.submit_report(page_url="", link_or_coupon=affiliate.code, text="Spam.", email="", now=now)
    second = abuse_reports.submit_report(
        page_url="", link_or_coupon=affiliate.code, text="More spam.", email="", now=now
    )
    response = staff.get(at("signal_open_review", first.pk))
    confirm(staff, response.url, **OPENING | {"grounds": "activity:spamming"})
    confirm(staff, at("signal_dismiss", second.pk), reason="Nonsense.")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.review, first.decided_by) == ("reviewed", Review.objects.get(), reviewer)
    assert (second.state, second.note) == ("dismissed", "Nonsense.")
    assert list(Review.objects.get().events.values_list("kind", flat=True)) == ["signal", "notice"]


def test_suspends_reinstates_and_gives_notice_from_the_affiliates_page(staff, affiliate, reviewer):
    for name, state in (("suspend", State.SUSPENDED), ("reinstate", State.ACTIVE), ("give_notice", State.ACTIVE)):
        confirm(staff, reverse(f"admin:affiliates_affiliate_{name}", args=[affiliate.pk]), reason="So.")
        affiliate.refresh_from_db()
        assert affiliate.state == state
    notice = TerminationNotice.objects.get(state="running")
    assert notice.given_by == reviewer
    confirm(staff, at("terminationnotice_revoke", notice.pk), reason="We stay.")
    notice.refresh_from_db()
    assert notice.state == "revoked"
    response = staff.get(reverse("admin:affiliates_affiliate_open_review", args=[affiliate.pk]))
    assert response.url == at("review_open_review", query=f"?affiliate={affiliate.code}")


def test_suspends_and_gives_notice_by_code(staff, affiliate):
    confirm(staff, at("terminationnotice_suspend"), affiliate=affiliate.code, reason="So.")
    affiliate.refresh_from_db()
    assert affiliate.state == State.SUSPENDED
    confirm(staff, at("terminationnotice_reinstate"), affiliate=affiliate.code, reason="So.")
    confirm(staff, at("terminationnotice_give_notice"), affiliate=affiliate.code, reason="So.")
    assert TerminationNotice.objects.count() == 1


def test_turns_what_is_refused_into_a_message(staff, affiliate):
    response = staff.post(
        at("terminationnotice_reinstate"), {CONFIRMED: "1", "affiliate": affiliate.code, "reason": "So."}, follow=True
    )
    assert "is not suspended" in response.content.decode()


def test_shows_who_will_be_noticed_and_who_will_be_reviewed(staff, agreement):
    now = timezone.now()
    affiliate, safe = make_active_affiliate(now - days(200)), make_active_affiliate(now - days(200))
    for one, ages in ((affiliate, (175, 20, 10)), (safe, (30, 20, 10))):
        for age in ages:
            make_order(one, now - days(age))
    cases.open_program()
    page = staff.get(at("targetnotice_target_forecast")).content.decode()
    assert affiliate.code in page
    assert safe.code not in page


def test_declares_a_pause_of_all_targets(staff, reviewer):
    confirm(staff, at("targetpause_declare"), starts_on="2026-01-01", ends_on="2026-01-05", reason="Shop down.")
    assert TargetPause.objects.get().declared_by == reviewer
    assert AuditRecord.objects.filter(action="target pause declared", by=reviewer).exists()
    response = confirm(staff, at("targetpause_declare"), starts_on="2026-01-05", ends_on="2026-01-01", reason="Oops.")
    assert "The last day must not be before the first day." in response.content.decode()


def test_announces_the_end_of_the_program(client, affiliate):
    client.force_login(make_staff(superuser=True))
    end = timezone.now() + days(60)
    answers = {"ends_at_0": f"{end:%Y-%m-%d}", "ends_at_1": "00:00:00", "reason": "The shop closes."}
    confirm(client, at("terminationnotice_announce_end"), **answers)
    assert f"{Program.current().ends_at:%Y-%m-%d %H:%M}" == f"{end:%Y-%m-%d} 00:00"
    assert list_mails(affiliate, "end_of_program")


def test_leads_from_the_program_to_the_announcement_of_its_end_until_it_is_announced(client, agreement):
    client.force_login(make_staff(superuser=True))
    page = reverse("admin:agreements_program_change", args=[Program.current().pk])
    assert at("terminationnotice_announce_end") in client.get(page).content.decode()
    Program.objects.update(end_announced_at=timezone.now(), ends_at=timezone.now() + days(60))
    assert at("terminationnotice_announce_end") not in client.get(page).content.decode()


@pytest.mark.parametrize("group", ["affiliate managers", "payout preparers", "payout approvers"])
def test_is_closed_to_the_other_groups(client, affiliate, review, group):
    client.force_login(make_staff(group))
    row = at("review_decide", review.pk)
    for address in (
        row,
        at("review_open_review"),
        at("review_changelist"),
        at("review_file", ReviewFile.objects.get().pk),
        at("terminationnotice_suspend"),
        at("terminationnotice_give_notice"),
        at("terminationnotice_announce_end"),
        at("targetnotice_target_forecast"),
        at("targetpause_declare"),
        reverse("admin:affiliates_affiliate_suspend", args=[affiliate.pk]),
    ):
        assert client.get(address).status_code == 403, address
        assert confirm(client, address, reason="So.", affiliate=affiliate.code).status_code == 403, address


def test_announces_the_end_for_superusers_alone(staff, affiliate):
    assert staff.get(at("terminationnotice_announce_end")).status_code == 403
