"""E-mails of compliance."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings
from django.utils import translation

from accounts.models import User
from affiliates.models import State
from compliance.models import Review
from compliance.offboarding import notice_expiry, program_end, termination
from compliance.reviews import appeals, deadlines_task, decisions, hold_changes, questions
from compliance.reviews.open_review import open_review
from compliance.targets import checks
from mail.models import Message
from mail.rendering import render
from tests.compliance import cases
from tests.compliance.cases import days, make_active_affiliate, make_order
from tests.factories import make_affiliate
from tests.mail_examples import find_unlike_examples
from tests.portal import message_catalog

NOW = datetime(2025, 6, 30, 12, tzinfo=UTC)
KINDS = {
    *(
        "review_opened",
        "review_question",
        "review_decided",
        "appeal_decided",
        "hold_released",
        "suspended",
        "reinstated",
        "terminated",
    ),
    *("termination_notice", "termination_revoked", "leaving_confirmed", "end_of_program"),
    *("target_at_risk", "target_missed", "target_met"),
}


def run_review(affiliate, by, decision, outcome="", other=None, **changes):
    values = {"activity": "fraud", "summary": "Odd orders.\n\n=> https://evil.example | Click", "now": NOW, "by": by}
    review = open_review(affiliate=affiliate, **values | changes)
    decisions.decide(review=review, decision=decision, reason="So it is.", now=NOW + days(7), by=by)
    if outcome:
        appeals.appeal(review=review, text="No!", now=NOW + days(8), by=affiliate.user)
        appeals.decide_appeal(review=review, outcome=outcome, reason="So it is.", now=NOW + days(9), by=other)


@pytest.fixture
def messages(agreement, reviewer, second_reviewer) -> list[Message]:
    return queue_messages(reviewer, second_reviewer)


def queue_messages(reviewer: User, second_reviewer: User) -> list[Message]:
    """Queue every e-mail of compliance in each of its variants."""
    affiliates = [make_active_affiliate() for _ in range(9)]
    named = make_order(affiliates[0], NOW - days(1))
    run_review(affiliates[0], reviewer, "forfeiture", "refused", second_reviewer, commissions=[named])
    run_review(affiliates[1], reviewer, "termination", "granted", second_reviewer)
    run_review(affiliates[2], reviewer, "suspension", hold_all_money=True, hold_all_reason="All of it looks odd.")
    run_review(affiliates[3], reviewer, "dismissed", activity="", term="payout_minimum")
    run_review(affiliates[4], reviewer, "warning", "granted", second_reviewer)
    held = make_order(affiliates[5], NOW)
    questioned = open_review(
        affiliate=affiliates[5],
        activity="fraud",
        summary="Odd.",
        evidence_addresses="https://blog.example/odd",
        commissions=[held, make_order(affiliates[5], NOW)],
        now=NOW,
        by=reviewer,
    )
    questions.ask(review=questioned, text="Who bought this?", now=NOW, by=reviewer)
    hold_changes.release(review=questioned, orders=[held.order_id], reason="A friend.", now=NOW, by=reviewer)
    deadlines_task.enforce_deadlines(now=NOW + days(30))
    notice = termination.give_notice(affiliate=affiliates[5], ground="choice", reason="So.", now=NOW, by=reviewer)
    termination.revoke_notice(notice=notice, reason="So.", now=NOW, by=reviewer)
    termination.leave_program(affiliate=affiliates[6], now=NOW, by=affiliates[6].user)
    termination.leave_program(affiliate=make_affiliate(state=State.APPROVED, at=NOW), now=NOW, by=None)
    program_end.announce_end(ends_at=NOW + days(60), now=NOW, by=reviewer, reason="The shop closes.")
    cases.open_program()
    for age in (151, 20, 10):
        make_order(affiliates[7], NOW - days(age))
    checks.check_targets(now=NOW)
    for age in (3, 2, 1):
        make_order(affiliates[8], NOW - days(age - 3))
    checks.check_targets(now=NOW + days(3))
    checks.check_targets(now=NOW + days(30))
    for row in Review.objects.filter(term="sales_target"):
        decisions.decide(review=row, decision="termination", reason="So.", now=NOW + days(37), by=reviewer)
    notice_expiry.apply_expired_notices(now=NOW + days(80))
    return list(Message.objects.filter(kind__in=KINDS))


def test_all_email_kinds_are_queued_and_rendered(messages):
    assert {message.kind for message in messages} == KINDS
    for message in messages:
        mail = render(kind=message.kind, context=message.context)
        for text in (mail.subject, mail.text, mail.html):
            assert text.strip()
            assert not re.search(r"\{[{%]|%\(|None(?! of your)|\(clause \)|clause  ", text), (message.kind, text)
        assert settings.BASE_URL in mail.text
        assert "Hello" in mail.text


def test_words_and_dates_do_not_follow_the_language_of_the_trigger(
    agreement, reviewer, second_reviewer, settings, tmp_path
):
    """Django's own catalog has the names of the months in Russian."""
    words = ("Termination", "Warning", "Your appeal was granted.", "You left the program.", "%d day")
    message_catalog.write_catalog(tmp_path, "ru", dict.fromkeys(words, "слово"))
    settings.LOCALE_PATHS = [tmp_path]
    with translation.override("ru"):
        messages = queue_messages(reviewer, second_reviewer)
    assert {message.kind for message in messages} == KINDS
    for message in messages:
        assert not re.search("[а-я]", str(message.context)), (message.kind, message.context)


def test_emails_cite_a_clause_of_the_agreement(messages):
    for message in messages:
        if message.kind == "leaving_confirmed" and not message.context["ends_at"]:
            continue  # no agreement was accepted, so there is no clause to cite
        mail = render(kind=message.kind, context=message.context)
        assert re.search(r"clause \d+\.\d", mail.text), (message.kind, mail.text)


def test_user_text_cannot_add_a_button_to_an_email(messages):
    opened = next(message for message in messages if message.kind == "review_opened" and "evil" in str(message.context))
    mail = render(kind=opened.kind, context=opened.context)
    assert 'href="https://evil.example' not in mail.html


def test_emails_have_the_values_of_their_examples_in_the_gallery(messages):
    assert find_unlike_examples(messages) == {}


def test_every_email_kind_has_a_template():
    templates = {path.stem for path in Path(settings.BASE_DIR / "templates" / "mail").glob("*.txt")}
    assert templates >= KINDS
