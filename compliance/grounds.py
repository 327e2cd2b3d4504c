"""What a review names: one prohibited activity or one term, by clause, in the version that the affiliate is under.

CONTRACT 8: nobody is judged by a rule that is not in the text that they accepted.
"""

from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db.models import Case, OuterRef, QuerySet, Subquery, When
from django.utils.translation import gettext as _

from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion, Clause, ProhibitedActivity
from agreements.rules import TERM_RULES, Rule
from compliance.models import Review

Decision = Review.Decision

# From the mildest to the gravest, as clause 8.5 of the seed agreement lists them. A forfeiture takes commissions that the
# review names; a suspension stops all earning; so an activity whose gravest consequence is suspension may also be forfeited.
DECISIONS_BY_SEVERITY: tuple[Review.Decision, ...] = (
    Decision.DISMISSED,
    Decision.WARNING,
    Decision.FORFEITURE,
    Decision.SUSPENSION,
    Decision.TERMINATION,
)
# A missed target is no breach: everything earned is paid (CONTRACT 8), so nothing can be held or forfeited for it.
MISSED_TARGET_DECISIONS = (Decision.DISMISSED, Decision.WARNING, Decision.SUSPENSION, Decision.TERMINATION)


class Grounds(NamedTuple):
    activity: str
    term: str
    clause: str
    title: str


def build_activity_grounds(agreement: AgreementVersion, code: str) -> Grounds:
    """The prohibited activity `code` of `agreement` with its clause; ValidationError for one that it does not prohibit."""
    activity = ProhibitedActivity.objects.filter(agreement=agreement, code=code).first()
    if activity is None:
        raise ValidationError({"activity": _("%(version)s does not prohibit this.") % {"version": agreement}})
    return Grounds(code, "", get_clause_number(agreement.pk, Rule.PROHIBITED_ACTIVITIES), activity.title)


def build_term_grounds(agreement: AgreementVersion, term: str) -> Grounds:
    """The rule `term` (or the rule that the term of that name decides) with its clause in `agreement`."""
    rule = TERM_RULES.get(term) or next((known for known in Rule if known.value == term), None)
    number = get_clause_number(agreement.pk, rule) if rule else ""
    if rule is None or not number:
        raise ValidationError({"term": _("%(version)s has no clause about this.") % {"version": agreement}})
    heading = agreement.clauses.get(number=number).heading
    return Grounds("", rule.value, number, heading)


def annotate_title(reviews: QuerySet[Review]) -> QuerySet[Any]:
    """`reviews`, each with `words`: what `words_of` says of it, for a list."""
    activities = ProhibitedActivity.objects.filter(agreement=OuterRef("agreement"), code=OuterRef("activity"))
    clauses = Clause.objects.filter(agreement=OuterRef("agreement"), number=OuterRef("clause"))
    return reviews.annotate(
        title=Case(
            When(activity="", then=Subquery(clauses.values("heading"))),
            default=Subquery(activities.values("title")),
        )
    )


def get_review_title(review: Review) -> str:
    """The title of the activity, or the heading of the clause, that `review` names."""
    if review.activity:
        return ProhibitedActivity.objects.get(agreement_id=review.agreement_id, code=review.activity).title
    return review.agreement.clauses.get(number=review.clause).heading


def cite_review_clause(review: Review) -> str:
    """The clause that `review` names, with its version: "6.1 of version 1", short enough for the history of states."""
    return f"{review.clause} of version {review.agreement.name}"[:60]


def is_missed_target(review: Review) -> bool:
    """Whether `review` is about the sales target: then a termination is one with notice, not one for breach."""
    return review.term == Rule.SALES_TARGET.value


def list_possible_decisions(review: Review) -> tuple[Review.Decision, ...]:
    """The decisions that `review` may have: none graver than the activity's gravest consequence (clause 8.5)."""
    if is_missed_target(review):
        return MISSED_TARGET_DECISIONS
    if not review.activity:
        return DECISIONS_BY_SEVERITY
    activity = ProhibitedActivity.objects.get(agreement_id=review.agreement_id, code=review.activity)
    gravest = Decision(activity.gravest_consequence)
    return DECISIONS_BY_SEVERITY[: DECISIONS_BY_SEVERITY.index(gravest) + 1]
