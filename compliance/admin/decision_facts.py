"""What the confirmation of a decision, or of a decision on an appeal, shows: who, what follows, and when."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Sum
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy

from affiliates.admin_fields import list_affiliate_facts
from compliance import review_money
from compliance.admin.ending_facts import list_notice_facts
from compliance.deadlines import add_days, is_over
from compliance.grounds import get_review_title, is_missed_target
from compliance.models import Review
from lib.admin.confirmation import Fact
from lib.formatting import format_date, format_money
from lib.money import ZERO

Decision = Review.Decision


def list_decision_facts(review: Review, decision: str, *, now: datetime) -> list[Fact]:
    """Return who is affected by `decision` and how, what becomes of the money, and until when they can appeal."""
    affiliate = review.affiliate
    ends_with_notice = decision == Decision.TERMINATION and is_missed_target(review)
    who = list_notice_facts(affiliate) if ends_with_notice else list_affiliate_facts(affiliate)
    facts = [*who, _build_review_fact(review), Fact(gettext_lazy("Decision"), str(Decision(decision).label))]
    effect = _describe_effect(decision) if not ends_with_notice else ""
    facts += [Fact(gettext_lazy("What follows"), effect)] if effect else []
    facts.append(Fact(gettext_lazy("Named commissions"), _describe_money(review, decision, now)))
    if decision == Decision.DISMISSED:
        return [*facts, Fact(gettext_lazy("Appeal"), _("none, because the review is closed at once"))]
    until = {"day": format_date(add_days(now, review.agreement.appeal_days))}
    return [*facts, Fact(gettext_lazy("Appeal"), _("possible until %(day)s") % until)]


def list_appeal_facts(review: Review, outcome: str) -> list[Fact]:
    """Return whose appeal is decided, against what, and what follows from `outcome`."""
    money = format_money(_sum_named(review), review.agreement.currency)
    if outcome == Review.Appeal.GRANTED:
        effect = _(
            "The decision is undone, as if it had not been made: what the review holds is released, and links and"
            " coupons count again."
        )
    elif review.forfeits:
        effect = _("The decision stays, and %(money)s is forfeited at once.") % {"money": money}
    else:
        effect = _("The decision stays. It forfeits nothing.")
    return [
        *list_affiliate_facts(review.affiliate),
        _build_review_fact(review),
        Fact(gettext_lazy("Decision"), review.get_decision_display()),
        Fact(gettext_lazy("Outcome of the appeal"), str(Review.Appeal(outcome).label)),
        Fact(gettext_lazy("What follows"), effect),
    ]


def _build_review_fact(review: Review) -> Fact:
    values = {"title": get_review_title(review), "clause": review.clause, "version": review.agreement}
    return Fact(gettext_lazy("Review"), _("%(title)s, clause %(clause)s of %(version)s") % values)


def _describe_effect(decision: str) -> str:
    if decision == Decision.SUSPENSION:
        return _(
            "From now on, clicks and orders don't count and nothing is paid out until staff reinstate the affiliate."
        )
    if decision == Decision.TERMINATION:
        return _("The agreement ends at once, for breach. Orders placed from now on are credited to no one.")
    return ""


def _describe_money(review: Review, decision: str, now: datetime) -> str:
    amount = _sum_named(review)
    values = {
        "money": format_money(amount, review.agreement.currency),
        "day": format_date(add_days(now, review.agreement.appeal_days)),
    }
    if not amount:
        return _("none with an amount, so no money is forfeited")
    if decision in (Decision.FORFEITURE, Decision.TERMINATION) and not is_over(review.decide_by, now):
        return _("%(money)s is held until the time to appeal is over, and forfeited on %(day)s") % values
    return _("%(money)s is not forfeited; what the review holds of it is released at once") % values


def _sum_named(review: Review) -> Decimal:
    return review_money.list_forfeitable_commissions(review).aggregate(sum=Sum("amount"))["sum"] or ZERO
