"""The e-mails of compliance ..."""

import re
from datetime import UTC, datetime
from pathlib import Path

import pytest
from django.conf import settings

from affiliates.models import State
from compliance.models import Review
from compliance.offboarding import program_end, termination
from compliance.reviews import appeals, deadlines_task, decisions
from compliance.reviews.open_review import open_review
from compliance.targets import checks
from mail.models import Message
from mail.rendering import render
from tests.compliance import cases
from tests.compliance.cases import days, make_active_affiliate, make_order
from tests.factories import make_affiliate

NOW = datetime(2025, 6, 30, 12, tzinfo=UTC)
KINDS = {
    "review_opened", "review_decided", "appeal_decided", "hold_released", "suspended", "reinstated", "terminated",
    "termination_notice", "termination_revoked", "leaving_confirmed", "end_of_program", "target_at_risk", "target_missed",
    "target_met",
}  # fmt: skip


def review(affiliate, by, decision, outcome="", other=None, **changes):
    values = {"activity": "fraud", "summary": "Odd orders.\n\n=> https://evil.example | Click", "now": NOW, "by": by}
    opened = open_review(affiliate=affiliate, **values | changes)
    decisions.decide(review=opened, decision=decision, reason="So it is.", now=NOW + days(7), by=by)
    if outcome:
        appeals.appeal(review=opened, text="No!", now=NOW + days(8), by=affiliate.user)
        appeals.decide_appeal(review=opened, outcome=outcome, reason="So it is.", now=NOW + days(9), by=other)


@pytest.fixture
def written(agreement, reviewer, second_reviewer) -> list[Message]:
    """Every e-mail of this room, in each of its wordings."""
    people = [make_active_affiliate() for _ in range(9)]
    named = make_order(people[0], NOW - days(1))
    review(people[0], reviewer, "forfeiture", "refused", second_reviewer, commissions=[named])
    review(people[1], reviewer, "termination", "granted", second_reviewer)
    review(people[2], reviewer, "suspension", hold_all_money=True, hold_all_reason="All of it looks odd.")
    review(people[3], reviewer, "dismissed", activity="", term="payout_minimum")
    review(people[4], reviewer, "warning", "granted", second_reviewer)
    open_review(
        affiliate=people[5],
        activity="fraud",
        summary="Odd.",
        commissions=[make_order(people[5], NOW)],
        now=NOW,
        by=reviewer,
    )
    deadlines_task.enforce_deadlines(now=NOW + days(30))
    notice = termination.give_notice(affiliate=people[5], ground="choice", reason="So.", now=NOW, by=reviewer)
    termination.revoke_notice(notice=notice, reason="So.", now=NOW, by=reviewer)
    termination.leave_program(affiliate=people[6], now=NOW, by=people[6].user)
    termination.leave_program(affiliate=make_affiliate(state=State.APPROVED, at=NOW), now=NOW, by=None)
    program_end.announce_end(ends_at=NOW + days(60), now=NOW, by=reviewer, reason="The shop closes.")
    cases.open_program()
    for age in (151, 20, 10):
        make_order(people[7], NOW - days(age))
    checks.check_targets(now=NOW)
    for age in (3, 2, 1):
        make_order(people[8], NOW - days(age - 3))
    checks.check_targets(now=NOW + days(3))
    checks.check_targets(now=NOW + days(30))
    for row in Review.objects.filter(term="sales_target"):
        decisions.decide(review=row, decision="termination", reason="So.", now=NOW + days(37), by=reviewer)
    termination.apply_expired_notices(now=NOW + days(80))
    return list(Message.objects.filter(kind__in=KINDS))


def test_are_all_written_and_can_all_be_rendered(written):
    assert {message.kind for message in written} == KINDS
    for message in written:
        mail = render(kind=message.kind, context=message.context)
        for text in (mail.subject, mail.text, mail.html):
            assert text.strip()
            assert not re.search(r"\{[{%]|%\(|None(?! of your)|\(clause \)|clause  ", text), (message.kind, text)
        assert settings.BASE_URL in mail.text
        assert "Hello" in mail.text


def test_name_a_clause_of_the_agreement(written):
    for message in written:
        if message.kind == "leaving_confirmed" and not message.context["ends_at"]:
            continue  # had accepted nothing: there is no clause
        mail = render(kind=message.kind, context=message.context)
        assert re.search(r"clause \d+\.\d", mail.text), (message.kind, mail.text)


def test_let_nobody_put_a_button_of_their_own_into_them(written):
    opened = next(m for m in written if m.kind == "review_opened" and "evil" in str(m.context))
    mail = render(kind=opened.kind, context=opened.context)
    assert 'href="https://evil.example' not in mail.html


def test_have_a_template_each_and_no_template_is_without_a_use():
    found = {path.stem for path in Path(settings.BASE_DIR / "templates" / "mail").glob("*.txt")}
    assert found >= KINDS
