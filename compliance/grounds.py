"""Grounds of a review: one prohibited activity or one term, by clause, in the version that the affiliate accepted.

A rule that is missing from the accepted text is no ground (specification 8).
"""

from datetime import datetime
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Case, OuterRef, QuerySet, Subquery, When
from django.utils.translation import gettext as _

from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion, Clause, ProhibitedActivity
from agreements.rules import TERM_RULES, Rule
from compliance.models import Review

Decision = Review.Decision

# From mildest to gravest, as in clause 8.5. Forfeiture takes only the named commissions; it is possible for every
# activity, whatever its gravest consequence.
DECISIONS_BY_SEVERITY: tuple[Review.Decision, ...] = (
    Decision.DISMISSED,
    Decision.WARNING,
    Decision.FORFEITURE,
    Decision.SUSPENSION,
    Decision.TERMINATION,
)
# A missed target is no breach: everything earned is paid (specification 8), so nothing is held or forfeited for it.
MISSED_TARGET_DECISIONS = (Decision.DISMISSED, Decision.WARNING, Decision.SUSPENSION, Decision.TERMINATION)


class Grounds(NamedTuple):
    activity: str
    term: str
    clause: str
    title: str


def build_activity_grounds(agreement: AgreementVersion, code: str) -> Grounds:
    """Return grounds for the prohibited activity `code` of `agreement`.

    Raises ValidationError if `agreement` does not prohibit it.
    """
    activity = ProhibitedActivity.objects.filter(agreement=agreement, code=code).first()
    if activity is None:
        raise ValidationError({"activity": _("%(version)s does not prohibit this activity.") % {"version": agreement}})
    return Grounds(code, "", get_clause_number(agreement.pk, Rule.PROHIBITED_ACTIVITIES), activity.title)


def build_term_grounds(agreement: AgreementVersion, term: str) -> Grounds:
    """Return grounds for `term`: a rule, or a term name that means its rule, with the clause in `agreement`.

    Raises ValidationError if no clause of `agreement` states it.
    """
    rule = TERM_RULES.get(term) or next((rule for rule in Rule if rule.value == term), None)
    number = get_clause_number(agreement.pk, rule) if rule else ""
    if rule is None or not number:
        raise ValidationError({"term": _("%(version)s has no clause for this.") % {"version": agreement}})
    heading = agreement.clauses.get(number=number).heading
    return Grounds("", rule.value, number, heading)


def annotate_title(reviews: QuerySet[Review]) -> QuerySet[Any]:
    """Annotate each review with `title`, the value of `get_review_title`."""
    activities = ProhibitedActivity.objects.filter(agreement=OuterRef("agreement"), code=OuterRef("activity"))
    clauses = Clause.objects.filter(agreement=OuterRef("agreement"), number=OuterRef("clause"))
    return reviews.annotate(
        title=Case(
            When(activity="", then=Subquery(clauses.values("heading"))),
            default=Subquery(activities.values("title")),
        )
    )


def get_review_title(review: Review) -> str:
    """Return the title of the activity, or the heading of the clause, that `review` names."""
    if review.activity:
        return ProhibitedActivity.objects.get(agreement_id=review.agreement_id, code=review.activity).title
    return review.agreement.clauses.get(number=review.clause).heading


def get_activity_text(review: Review) -> str:
    """Return what the agreement says about the activity that `review` names; "" if it names a clause alone."""
    rows = ProhibitedActivity.objects.filter(agreement=review.agreement_id, code=review.activity)
    return rows.values_list("text", flat=True).first() or ""


def cite_review_clause(review: Review) -> str:
    """Return the clause of `review` with its version, such as "6.1 of version 1", cut to fit the status history."""
    return f"{review.clause} of version {review.agreement.name}"[:60]


def is_missed_target(review: Review) -> bool:
    """Return whether `review` is about the sales target, so that termination is with notice and not for breach."""
    return review.term == Rule.SALES_TARGET.value


def list_possible_decisions(review: Review, *, now: datetime) -> tuple[Review.Decision, ...]:
    """Return the decisions allowed for `review` at `now`: none graver than its activity's gravest consequence.

    Forfeiture is possible for every activity, until staff miss the deadline to decide (clauses 8.4 and 8.5).
    """
    possible = MISSED_TARGET_DECISIONS if is_missed_target(review) else DECISIONS_BY_SEVERITY
    if review.activity:
        activity = ProhibitedActivity.objects.get(agreement_id=review.agreement_id, code=review.activity)
        gravest = possible.index(Decision(activity.gravest_consequence))
        possible = tuple(one for one in possible if one == Decision.FORFEITURE or possible.index(one) <= gravest)
    if now >= review.decide_by:
        possible = tuple(one for one in possible if one != Decision.FORFEITURE)
    return possible
