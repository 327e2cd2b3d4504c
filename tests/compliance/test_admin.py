"""Admin pages and staff actions of compliance."""

import re
from datetime import UTC, datetime

import pytest
from django.conf import settings
from django.urls import reverse
from django.utils import timezone

from affiliates.models import Affiliate, State
from agreements.models import AgreementVersion, Program
from audit.models import AuditRecord
from compliance.admin.ending_facts import compute_end_times
from compliance.models import Review, ReviewFile, Signal, TargetNotice, TargetPause, TerminationNotice
from compliance.offboarding import termination
from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from compliance.signals import abuse_reports
from compliance.targets import checks
from lib.admin.actions import CONFIRMED
from lib.formatting import format_date, format_datetime
from payouts.models import Commission, CommissionHold
from tests.admin_confirmation import confirm_twice
from tests.compliance import cases
from tests.compliance.cases import days, list_mails, make_active_affiliate, make_order
from tests.factories import NOW, make_affiliate, make_staff
from tests.scenarios import create_program, import_affiliates


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


def build_url(name: str, *arguments, query: str = "") -> str:
    return reverse(f"admin:compliance_{name}", args=arguments) + query


def confirm(client, url, **answers):
    return client.post(url, {CONFIRMED: "1", **answers})


OPEN_REVIEW_ANSWERS = {"summary": "Fake orders.", "orders": [], "older_orders": "", "hold_all_reason": ""}


def test_open_review_cites_the_applicable_version_and_holds_named_orders(staff, affiliate, reviewer):
    now = timezone.now()
    make_order(affiliate, now - days(3), order_id="NEW")
    make_order(affiliate, now - days(2), order_id="OLD")
    response = confirm(staff, build_url("review_open_review"), affiliate=affiliate.code.lower())
    assert response.status_code == 302
    url = response.url
    assert "8.4 Our time to decide" in staff.get(url).content.decode()
    response = confirm(
        staff,
        url,
        **OPEN_REVIEW_ANSWERS | {"grounds": "activity:fraud", "orders": ["NEW"], "older_orders": "OLD", "hold": "on"},
    )
    assert response.status_code == 302
    review = Review.objects.get()
    assert (review.clause, review.opened_by) == ("6.1", reviewer)
    assert CommissionHold.objects.filter(released_at=None).count() == 2


def test_open_review_of_a_term_cites_its_clause(staff, affiliate):
    url = build_url("review_open_review", query=f"?affiliate={affiliate.code}")
    confirm(staff, url, **OPEN_REVIEW_ANSWERS | {"grounds": "term:channels"})
    assert Review.objects.get().clause == "2.1"


@pytest.mark.parametrize(
    ("answers", "message"),
    [
        ({"grounds": "activity:unknown"}, "Select a valid choice"),
        ({"grounds": "activity:fraud", "older_orders": "T-9999"}, "These are not orders of this affiliate: T-9999"),
        ({"grounds": "activity:fraud", "hold_all_money": "on"}, "Enter a reason."),
        ({"grounds": "activity:fraud", "summary": " "}, "This field is required."),
    ],
)
def test_open_review_form_shows_errors_at_the_field(staff, affiliate, answers, message):
    url = build_url("review_open_review", query=f"?affiliate={affiliate.code}")
    response = confirm(staff, url, **OPEN_REVIEW_ANSWERS | answers)
    assert response.status_code == 200
    assert message in response.content.decode()
    assert not Review.objects.exists()


def test_decide_action_stores_the_decision(staff, review, reviewer):
    page = staff.get(build_url("review_decide", review.pk)).content.decode()
    assert 'value="termination"' in page
    confirm_twice(staff, build_url("review_decide", review.pk), {"decision": "warning", "reason": "So."})
    review.refresh_from_db()
    assert (review.decision, review.decided_by) == ("warning", reviewer)


def test_early_decision_shows_the_reply_deadline_in_utc(staff, affiliate, second_reviewer):
    Affiliate.objects.update(time_zone="Asia/Tokyo")
    review = open_review(affiliate=affiliate, activity="fraud", summary="Odd.", now=timezone.now(), by=second_reviewer)
    message = f"possible from {format_datetime(review.reply_by)}, or once the affiliate has replied"
    url = build_url("review_decide", review.pk)
    page = confirm(staff, url, decision="warning", reason="So.").content.decode()
    # Beside each decision but a dismissal, in the summary of errors and at the field.
    assert page.count(message) == 4 + 2


def test_decide_form_offers_only_allowed_decisions(staff, affiliate, second_reviewer):
    review = open_review(
        affiliate=affiliate, activity="unapproved-channel", summary="Odd.", now=timezone.now(), by=second_reviewer
    )
    page = staff.get(build_url("review_decide", review.pk)).content.decode()
    assert 'value="warning"' in page
    assert 'value="suspension"' not in page


def test_appeal_must_be_decided_by_a_different_reviewer(staff, review, reviewer, second_reviewer, affiliate):
    now = timezone.now()
    decisions.decide(review=review, decision="warning", reason="So.", now=now, by=reviewer)
    appeals.appeal(review=review, text="No!", now=now, by=affiliate.user)
    answers = {"outcome": "granted", "reason": "Sorry."}
    response = staff.post(build_url("review_decide_appeal", review.pk), {CONFIRMED: "1", **answers}, follow=True)
    page = response.content.decode()
    assert "The appeal must be decided by a different reviewer." in page
    assert "Sorry." in page  # what was typed
    assert staff.get(build_url("review_decide_appeal", review.pk)).status_code == 403
    page = staff.get(build_url("review_change", review.pk)).content.decode()
    assert build_url("review_decide_appeal", review.pk) not in page
    assert f"Any reviewer but {reviewer}, who decided the review." in page
    assert Review.objects.get().state == "appealed"
    staff.force_login(second_reviewer)
    assert staff.get(build_url("review_decide_appeal", review.pk)).status_code == 200
    confirm_twice(staff, build_url("review_decide_appeal", review.pk), answers)
    assert Review.objects.get().appeal == "granted"


def test_decision_is_made_beside_the_timeline_and_the_sum_at_stake(staff, affiliate, second_reviewer):
    now = timezone.now()
    commission = make_order(affiliate, now - days(9), order_id="ODD1")
    signal = Signal.objects.create(
        affiliate=affiliate, kind="quick_orders", raised_at=now - days(2),
        evidence={"orders": 3, "within_seconds": 30, "examples": ["ODD1"]},
    )  # fmt: skip
    review = open_review(
        affiliate=affiliate, activity="fraud", summary="Odd.", commissions=[commission], signal=signal,
        now=now - days(1), by=second_reviewer,
    )  # fmt: skip
    # Nothing can be forfeited before the reply is due, so that a day cannot be named yet.
    page = staff.get(build_url("review_decide", review.pk)).content.decode()
    assert "5.00 USD will be forfeited 14 days after the decision, unless" in page
    assert "will be forfeited on" not in page
    replies.reply(review=review, text="It was a sale.", files=[("n.txt", b"note")], now=now, by=affiliate.user)
    replies.add_note(review=review, text="Sounds right.", now=now, by=second_reviewer)
    page = staff.get(build_url("review_decide", review.pk)).content.decode()
    for text in ("It was a sale.", "n.txt", "Sounds right.", "visible to staff only", "less than 30 seconds", "ODD1"):
        assert text in page
    day = format_datetime(timezone.now() + days(14)).partition(",")[0]
    assert f"5.00 USD will be forfeited on {day}" in page
    assert "1 commission is named: 5.00 USD." in page


@pytest.mark.parametrize(
    ("decision", "sentence"),
    [
        ("forfeiture", "If you refuse the appeal, 5.00 USD is forfeited at once."),
        ("warning", "The decision forfeits none of it."),
    ],
)
def test_appeal_is_decided_beside_the_timeline_and_the_sum(staff, affiliate, second_reviewer, decision, sentence):
    now = timezone.now()
    review = open_review(
        affiliate=affiliate, activity="fraud", summary="Odd.", commissions=[make_order(affiliate, now - days(9))],
        now=now - days(1), by=second_reviewer,
    )  # fmt: skip
    replies.reply(review=review, text="No.", now=now, by=affiliate.user)
    decisions.decide(review=review, decision=decision, reason="So.", now=now, by=second_reviewer)
    appeals.appeal(review=review, text="That is wrong.", now=now, by=affiliate.user)
    page = staff.get(build_url("review_decide_appeal", review.pk)).content.decode()
    assert "That is wrong." in page
    assert sentence in page


def test_review_page_shows_events_files_and_notes(staff, review):
    confirm(staff, build_url("review_add_note", review.pk), text="Keep an eye on them.")
    page = staff.get(build_url("review_change", review.pk)).content.decode()
    for text in ("Keep an eye on them.", "Fraud", "n.txt"):
        assert text in page
    file = ReviewFile.objects.get()
    response = staff.get(build_url("review_file", file.pk))
    assert (response.content, response["X-Content-Type-Options"]) == (b"note", "nosniff")
    assert response["Content-Disposition"].startswith("attachment")


def test_all_lists_and_pages_load(staff, affiliate, review):
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
        assert staff.get(build_url(f"{name}_changelist")).status_code == 200, name
    for row in (Signal.objects.get(), TerminationNotice.objects.get(), Signal.objects.get().report):
        url = build_url(f"{row._meta.model_name}_change", row.pk)
        assert staff.get(url).status_code == 200, url


def test_abuse_report_says_what_whom_and_what_became_of_it(staff, affiliate):
    text = "They write to me each day, although I never asked for it."
    signal = abuse_reports.submit_report(
        page_url="https://a.example/", link_or_coupon=affiliate.code, text=text, email="", now=timezone.now()
    )
    assert text in staff.get(build_url("abusereport_changelist")).content.decode()
    page = staff.get(build_url("abusereport_change", signal.pk)).content.decode()
    assert reverse("admin:affiliates_affiliate_change", args=[affiliate.pk]) in page
    assert "open" in page
    assert text in staff.get(build_url("signal_change", signal.pk)).content.decode()
    other = Signal.objects.create(affiliate=affiliate, kind="conversion", raised_at=timezone.now())
    # The table of a report is only under a signal that is one.
    assert "What happened" not in staff.get(build_url("signal_change", other.pk)).content.decode()


def test_review_shows_what_has_happened_so_far_and_the_title_of_its_clause(staff, review):
    page = staff.get(build_url("review_change", review.pk)).content.decode()
    heading = review.agreement.clauses.get(number=review.clause).heading
    assert f"{review.clause} {heading}" in page
    assert "the affiliate and staff" in page
    for label in ("Decision reason", "Outcome of the appeal", "Closed"):
        assert label not in page, label


def test_signal_can_be_reviewed_or_dismissed(staff, affiliate, reviewer):
    now = timezone.now()
    first = abuse_reports.submit_report(page_url="", link_or_coupon=affiliate.code, text="Spam.", email="", now=now)
    second = abuse_reports.submit_report(
        page_url="", link_or_coupon=affiliate.code, text="More spam.", email="", now=now
    )
    response = staff.get(build_url("signal_open_review", first.pk))
    confirm(staff, response.url, **OPEN_REVIEW_ANSWERS | {"grounds": "activity:spamming"})
    confirm(staff, build_url("signal_dismiss", second.pk), reason="Nonsense.")
    first.refresh_from_db()
    second.refresh_from_db()
    assert (first.state, first.review, first.decided_by) == ("reviewed", Review.objects.get(), reviewer)
    assert (second.state, second.note) == ("dismissed", "Nonsense.")
    assert list(Review.objects.get().events.values_list("kind", flat=True)) == ["signal", "notice"]


def test_affiliate_page_actions_suspend_reinstate_and_give_notice(staff, affiliate, reviewer):
    for name, state in (("suspend", State.SUSPENDED), ("reinstate", State.ACTIVE), ("give_notice", State.ACTIVE)):
        confirm_twice(staff, reverse(f"admin:affiliates_affiliate_{name}", args=[affiliate.pk]), {"reason": "So."})
        affiliate.refresh_from_db()
        assert affiliate.state == state
    notice = TerminationNotice.objects.get(state="running")
    assert notice.given_by == reviewer
    confirm_twice(staff, build_url("terminationnotice_revoke", notice.pk), {"reason": "We stay."})
    notice.refresh_from_db()
    assert notice.state == "revoked"
    response = staff.get(reverse("admin:affiliates_affiliate_open_review", args=[affiliate.pk]))
    assert response.url == build_url("review_open_review", query=f"?affiliate={affiliate.code}")


def test_list_actions_suspend_reinstate_and_give_notice_by_code(staff, affiliate):
    answers = {"affiliate": affiliate.code, "reason": "So."}
    confirm_twice(staff, build_url("terminationnotice_suspend"), answers)
    affiliate.refresh_from_db()
    assert affiliate.state == State.SUSPENDED
    confirm_twice(staff, build_url("terminationnotice_reinstate"), answers)
    confirm_twice(staff, build_url("terminationnotice_give_notice"), answers)
    assert TerminationNotice.objects.count() == 1


def test_rejected_action_shows_a_message(staff, affiliate):
    response = staff.post(
        build_url("terminationnotice_reinstate"),
        {CONFIRMED: "1", "affiliate": affiliate.code, "reason": "So."},
        follow=True,
    )
    assert "is not suspended" in response.content.decode()


def test_target_forecast_page_lists_affiliates_at_risk(staff, agreement):
    now = timezone.now()
    affiliate, safe = make_active_affiliate(now - days(200)), make_active_affiliate(now - days(200))
    for owner, ages in ((affiliate, (175, 20, 10)), (safe, (30, 20, 10))):
        for age in ages:
            make_order(owner, now - days(age))
    cases.open_program()
    page = staff.get(build_url("targetnotice_target_forecast")).content.decode()
    assert affiliate.code in page
    assert safe.code not in page
    # The target is met today; what changes is the age of its oldest order.
    text = re.sub(r"</?time[^>]*>", "", page)
    assert f"met only as long as the order of {format_date((now - days(175)).date())} counts; on" in text


def test_declare_pause_action_stores_and_validates_a_target_pause(staff, reviewer):
    answers = {"starts_on": "2026-01-01", "ends_on": "2026-01-05", "reason": "Shop down."}
    confirm_twice(staff, build_url("targetpause_declare"), answers)
    assert TargetPause.objects.get().declared_by == reviewer
    assert AuditRecord.objects.filter(action="target pause declared", by=reviewer).exists()
    response = confirm(
        staff, build_url("targetpause_declare"), starts_on="2026-01-05", ends_on="2026-01-01", reason="Oops."
    )
    assert "The last day must not be before the first day." in response.content.decode()


def test_announce_end_action_wants_the_programs_name_and_notifies_affiliates(client, affiliate):
    client.force_login(make_staff(superuser=True))
    end = timezone.now() + days(60)
    answers = {"ends_at_0": f"{end:%Y-%m-%d}", "ends_at_1": "00:00:00", "reason": "The shop closes."}
    response = confirm(client, build_url("terminationnotice_announce_end"), program_name="Acme", **answers)
    assert f"The program is called {settings.PROGRAM_NAME}." in response.content.decode()
    assert Program.current().ends_at is None
    assert not list_mails(affiliate, "end_of_program")
    url, answers = build_url("terminationnotice_announce_end"), {"program_name": settings.PROGRAM_NAME, **answers}
    page = confirm(client, url, **answers).content.decode()
    assert "Affiliates who are notified at once" in page
    assert not list_mails(affiliate, "end_of_program")
    confirm_twice(client, url, answers)
    assert f"{Program.current().ends_at:%Y-%m-%d %H:%M}" == f"{end:%Y-%m-%d} 00:00"
    assert list_mails(affiliate, "end_of_program")


def test_announcement_of_the_end_says_what_happens_to_links_orders_and_money(client, agreement, affiliate):
    client.force_login(make_staff(superuser=True))
    make_order(affiliate, timezone.now() - days(2), order_id="OPEN")
    make_affiliate(state=State.APPLIED)
    page = client.get(build_url("terminationnotice_announce_end")).content.decode().replace("\N{NO-BREAK SPACE}", " ")
    page = " ".join(page.split())
    assert f"Name of the program: {settings.PROGRAM_NAME}" in page
    for text in (
        "1 affiliate is notified by e-mail",
        "The 1 application that is not decided yet can only be rejected.",
        "their clicks are no longer tracked (clause 11.1)",
        f"still count for {agreement.attribution_days} days after it",
        "are placed before the end (clause 11.1)",
        "holding periods continue, and each is validated or reversed as before (clause 4.6)",
        "Held commissions (0.00 USD of those not settled yet)",
        f"The program can end {agreement.termination_notice_days} days after the announcement at the earliest (clause 11.1)",
        "With that end, orders count until",
        "the last payouts can be expected then",
        "each pays every positive balance, whatever its size (clause 10.5)",
        "Payouts under way (0.00 USD today)",
        "The clauses are those of version 1.",
    ):
        assert text in page, text
    unsettled = Commission.objects.get().amount
    assert f"Commissions not settled yet ({unsettled} USD today)" in page


def test_last_payouts_follow_the_close_after_the_last_holding_period(agreement):
    agreement.attribution_days, agreement.validation_days, agreement.close_day = 30, 15, 3
    times = compute_end_times(agreement, datetime(2026, 3, 1, tzinfo=UTC))
    assert times == ("1 Mar 2026", "31 Mar 2026", "15 Apr 2026", "3 May 2026")


def test_program_page_links_to_the_announcement_until_the_end_is_announced(client, agreement):
    client.force_login(make_staff(superuser=True))
    page = reverse("admin:agreements_program_change", args=[Program.current().pk])
    assert build_url("terminationnotice_announce_end") in client.get(page).content.decode()
    Program.objects.update(end_announced_at=timezone.now(), ends_at=timezone.now() + days(60))
    assert build_url("terminationnotice_announce_end") not in client.get(page).content.decode()


@pytest.mark.parametrize("group", ["affiliate managers", "payout preparers", "payout approvers"])
def test_compliance_pages_are_forbidden_to_other_groups(client, affiliate, review, group):
    client.force_login(make_staff(group))
    for url in (
        build_url("review_decide", review.pk),
        build_url("review_open_review"),
        build_url("review_changelist"),
        build_url("review_file", ReviewFile.objects.get().pk),
        build_url("terminationnotice_suspend"),
        build_url("terminationnotice_give_notice"),
        build_url("terminationnotice_announce_end"),
        build_url("targetnotice_target_forecast"),
        build_url("targetpause_declare"),
        reverse("admin:affiliates_affiliate_suspend", args=[affiliate.pk]),
    ):
        assert client.get(url).status_code == 403, url
        assert confirm(client, url, reason="So.", affiliate=affiliate.code).status_code == 403, url


def test_announce_end_action_requires_a_superuser(staff, affiliate):
    assert staff.get(build_url("terminationnotice_announce_end")).status_code == 403


def test_approval_is_rejected_once_the_end_of_the_program_is_announced(client, db):
    applicant = make_affiliate(state=State.APPLIED)
    Program.current()
    Program.objects.update(end_announced_at=NOW, ends_at=NOW)
    client.force_login(make_staff("affiliate managers"))
    url = reverse("admin:affiliates_affiliate_approve", args=[applicant.pk])
    response = client.post(url, {CONFIRMED: "1"}, follow=True)
    assert "applications can only be rejected" in response.content.decode()
    assert Affiliate.objects.get(pk=applicant.pk).state == State.APPLIED


def test_list_of_reviews_can_be_searched_by_affiliate_code(client, db, tmp_path):
    create_program("2026-01-01")
    import_affiliates(["ANN"], tmp_path)
    client.force_login(make_staff("compliance reviewers"))
    assert client.get(build_url("review_changelist"), {"q": "ANN"}).status_code == 200


def test_pause_shows_whom_it_affects_before_it_is_declared(staff, affiliate):
    cases.open_program()
    now = timezone.now()
    notice = TargetNotice.objects.create(
        affiliate=affiliate,
        notified_at=now,
        cure_by=now + days(30),
        orders=1,
        target=3,
        agreement=AgreementVersion.objects.get(),
        clause="7.5",
    )
    answers = {"starts_on": "2027-01-02", "ends_on": "2027-01-05", "reason": "Holidays."}
    page = confirm(staff, build_url("targetpause_declare"), **answers).content.decode()
    assert not TargetPause.objects.exists()
    assert "Affiliates whose target period is extended" in page
    assert f"{affiliate}: stays {format_datetime(notice.cure_by)}" in page
    assert "A pause does not move the date" in staff.get(build_url("targetnotice_change", notice.pk)).content.decode()
