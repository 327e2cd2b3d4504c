"""After a missed deadline nothing that a review names can be forfeited in it (specification 8)."""

from decimal import Decimal
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import Error, transaction
from django.utils import timezone

from affiliates.models import State
from agreements.models import ProhibitedActivity
from compliance.admin.forms import build_decision_form
from compliance.models import Review, ReviewEvent
from compliance.reviews import appeals, deadlines_task, decisions
from mail.rendering import render
from tests.compliance.cases import NOW, TICK, days, get_amount, list_mails, make_order
from tests.compliance.review_cases import count_holds, decide_review, open_fraud_review

# 30 days to decide.
DEADLINE = NOW + days(30)


def read_mail(affiliate, kind):
    (mail,) = list_mails(affiliate, kind)
    return render(kind=mail.kind, context=mail.context).text


def decide(review, decision, now, by):
    return decisions.decide(review=review, decision=decision, reason="As the logs show.", now=now, by=by)


@pytest.mark.parametrize("released", [True, False])
@pytest.mark.parametrize("hold", [True, False])
def test_forfeiture_is_rejected_from_the_deadline_on(affiliate, reviewer, released, hold):
    named = make_order(affiliate, NOW - days(5))
    review = open_fraud_review(affiliate, reviewer, commissions=[named], hold=hold)
    if released:
        deadlines_task.enforce_deadlines(now=DEADLINE)
    with pytest.raises(ValidationError) as error:
        decide(review, "forfeiture", DEADLINE, reviewer)
    assert error.value.message_dict == {
        "decision": [
            "The commissions can no longer be forfeited in this review, because it was not decided by 31 Mar 2026, 12:00 UTC."
        ]
    }
    review.refresh_from_db()
    assert (review.state, review.decision, get_amount(named)) == ("open", "", Decimal("5.00"))


def test_forfeiture_is_possible_until_the_deadline(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    review = open_fraud_review(affiliate, reviewer, commissions=[named])
    decide(review, "forfeiture", DEADLINE - TICK, reviewer)
    deadlines_task.enforce_deadlines(now=DEADLINE + days(14) - TICK)
    assert (get_amount(named), count_holds(review)) == (Decimal("0.00"), 0)


@pytest.mark.parametrize("refused", [True, False])
def test_late_termination_forfeits_nothing(affiliate, reviewer, second_reviewer, refused):
    named = make_order(affiliate, NOW - days(5))
    review = open_fraud_review(affiliate, reviewer, commissions=[named])
    decide(review, "termination", DEADLINE, reviewer)
    affiliate.refresh_from_db()
    assert (affiliate.state, count_holds(review)) == (State.TERMINATED, 0)
    assert list_mails(affiliate, "review_decided")[0].context["forfeited"] == 0
    assert "What you have earned stays yours, and each monthly close pays" in read_mail(affiliate, "terminated")
    if refused:
        appeals.appeal(review=review, text="No!", now=DEADLINE + days(1), by=affiliate.user)
        appeals.decide_appeal(
            review=review, outcome="refused", reason="No.", now=DEADLINE + days(2), by=second_reviewer
        )
    deadlines_task.enforce_deadlines(now=DEADLINE + days(60))
    review.refresh_from_db()
    assert (review.state, get_amount(named)) == ("closed", Decimal("5.00"))
    assert not review.events.filter(kind="forfeited").exists()


def test_termination_in_time_forfeits_what_it_names(affiliate, reviewer):
    named, other = make_order(affiliate, NOW - days(5)), make_order(affiliate, NOW - days(4))
    review = open_fraud_review(affiliate, reviewer, commissions=[named])
    decide(review, "termination", DEADLINE - TICK, reviewer)
    assert list_mails(affiliate, "review_decided")[0].context["forfeited"] == 1
    text = read_mail(affiliate, "terminated")
    assert f"The commissions named in the review, {named.amount} USD in total, are forfeited" in text
    assert (get_amount(named), count_holds(review)) == (Decimal("5.00"), 1)
    deadlines_task.enforce_deadlines(now=DEADLINE + days(14))
    assert (get_amount(named), get_amount(other)) == (Decimal("0.00"), Decimal("5.00"))


def test_another_review_may_still_forfeit(affiliate, reviewer):
    named = make_order(affiliate, NOW - days(5))
    open_fraud_review(affiliate, reviewer, commissions=[named])
    deadlines_task.enforce_deadlines(now=DEADLINE)
    second = open_fraud_review(affiliate, reviewer, commissions=[named], now=DEADLINE)
    decide(second, "forfeiture", DEADLINE + days(8), reviewer)
    deadlines_task.enforce_deadlines(now=DEADLINE + days(22))
    assert get_amount(named) == Decimal("0.00")


def test_decision_form_offers_forfeiture_until_the_deadline(affiliate, reviewer):
    review = open_fraud_review(affiliate, reviewer)

    def list_choices(now):
        field: Any = build_decision_form(review, now=now).base_fields["decision"]
        return [value for value, _label in field.choices]

    assert "forfeiture" in list_choices(DEADLINE - TICK)
    assert list_choices(DEADLINE) == ["dismissed", "warning", "suspension", "termination"]


def test_staff_page_says_why_forfeiture_is_not_offered(affiliate, reviewer, client):
    now = timezone.now()
    named = make_order(affiliate, NOW - days(5))
    late = open_fraud_review(affiliate, reviewer, commissions=[named], now=now - days(31))
    client.force_login(reviewer)
    page = client.get(f"/admin/compliance/review/{late.pk}/decide", follow=True).content.decode()
    assert "can no longer be forfeited in this review" in page
    assert "forfeiture of the named commissions" not in page


def test_forfeiture_is_possible_for_every_prohibited_activity(affiliate, reviewer):
    gravest = set()
    for activity in ProhibitedActivity.objects.all():
        named = make_order(affiliate, NOW - days(5))
        review = decide_review(affiliate, reviewer, "forfeiture", activity=activity.code, commissions=[named])
        assert review.decision == "forfeiture"
        gravest.add(activity.gravest_consequence)
    assert "warning" in gravest


def test_activity_with_a_warning_allows_no_suspension(affiliate, reviewer):
    mild = ProhibitedActivity.objects.filter(gravest_consequence="warning").values_list("code", flat=True).first()
    with pytest.raises(ValidationError):
        decide_review(affiliate, reviewer, "suspension", activity=mild)


# --- The database


def test_database_rejects_a_late_forfeiture_decision(affiliate, reviewer):
    review = open_fraud_review(affiliate, reviewer)
    values = {"state": "decided", "decision": "forfeiture"}
    with pytest.raises(Error, match="review_forfeiture_in_time"), transaction.atomic():
        Review.objects.filter(pk=review.pk).update(decided_at=DEADLINE, **values)
    Review.objects.filter(pk=review.pk).update(decided_at=DEADLINE - TICK, **values)


@pytest.mark.parametrize(
    ("decided_at", "at", "changes"),
    [
        (DEADLINE, DEADLINE + days(20), {}),  # decided late
        (DEADLINE - TICK, DEADLINE + days(14) - TICK * 2, {}),  # can still be appealed
        (DEADLINE - TICK, DEADLINE + days(20), {"appealed_at": DEADLINE}),  # the appeal is open
        (DEADLINE - TICK, DEADLINE + days(20), {"appealed_at": DEADLINE, "appeal": "granted"}),
    ],
)
def test_database_rejects_the_forfeiture_itself(affiliate, reviewer, decided_at, at, changes):
    review = open_fraud_review(affiliate, reviewer)
    Review.objects.filter(pk=review.pk).update(
        state="decided",
        decision="termination",
        decided_at=decided_at,
        appeal_by=DEADLINE + days(14) - TICK,
        **changes,
    )
    with pytest.raises(Error, match="cannot forfeit"), transaction.atomic():
        ReviewEvent.objects.create(review=review, number=9, kind="forfeited", at=at)
