"""Reviews in several stages, for tests."""

from compliance.reviews import appeals, decisions, replies
from compliance.reviews.open_review import open_review
from payouts.models import CommissionHold
from tests.compliance.cases import NOW, TICK, days


def open_fraud_review(affiliate, by, **changes):
    values = {"activity": "fraud", "summary": "Fake orders.", "now": NOW, "by": by}
    return open_review(affiliate=affiliate, **values | changes)


def list_event_kinds(review) -> list[str]:
    return list(review.events.values_list("kind", flat=True))


def count_holds(review) -> int:
    return CommissionHold.objects.filter(source=f"review:{review.pk}", released_at=None).count()


def decide_review(affiliate, by, decision, **changes):
    review = open_fraud_review(affiliate, by, **changes)
    replies.reply(review=review, text="It was not me.", now=NOW + TICK, by=affiliate.user)
    return decisions.decide(review=review, decision=decision, reason="As the logs show.", now=NOW + days(1), by=by)


def appeal_review(affiliate, reviewer, decision, **changes):
    review = decide_review(affiliate, reviewer, decision, **changes)
    return appeals.appeal(review=review, text="It was not me.", now=NOW + days(2), by=affiliate.user)
