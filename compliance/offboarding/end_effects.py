"""What the end of the program would concern: affiliates, applications, links, reviews and money (specification 8)."""

from decimal import Decimal
from typing import NamedTuple

from django.db.models import Sum

from affiliates.models import Affiliate, State
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import Rule
from compliance.models import Review
from compliance.offboarding.notice_expiry import PARTICIPATING_STATES
from lib.money import ZERO
from payouts.commissions.unsettled_earnings import get_total_unsettled
from payouts.ledger import booking
from payouts.ledger.booking import Liability
from payouts.models import Commission, CommissionHold
from tracking.models import Link

UNDECIDED_REVIEWS = (Review.State.OPEN, Review.State.APPEALED)


class EndEffects(NamedTuple):
    """What there is today: numbers, and sums in the program's currency. `unsettled` includes `held`."""

    notified: int
    applications: int
    links: int
    reviews: int
    unsettled: Decimal
    held: Decimal
    owed: Liability


class EndClauses(NamedTuple):
    """The clauses of the version in force that say what the end means, and the number of days that it names."""

    version: str
    attribution_days: int
    end: str
    validation: str
    final_close: str
    reviews: str


def measure_end_effects() -> EndEffects:
    """Return what the end of the program would concern if it were announced now."""
    holding = CommissionHold.objects.filter(released_at__isnull=True).values("commission")
    held = Commission.objects.filter(pk__in=holding).aggregate(sum=Sum("amount"))["sum"] or ZERO
    return EndEffects(
        notified=Affiliate.objects.filter(state__in=PARTICIPATING_STATES).count(),
        applications=Affiliate.objects.filter(state=State.APPLIED).count(),
        links=Link.objects.filter(affiliate__state__in=PARTICIPATING_STATES).count(),
        reviews=Review.objects.filter(state__in=UNDECIDED_REVIEWS).count(),
        unsettled=get_total_unsettled(),
        held=held,
        owed=booking.get_liability(),
    )


def find_end_clauses(version: AgreementVersion) -> EndClauses:
    """Return where `version` says what the end of the program means."""

    def cite(rule: Rule) -> str:
        return get_clause_number(version.pk, rule)

    return EndClauses(
        version=version.name,
        attribution_days=version.attribution_days,
        end=cite(Rule.END_OF_PROGRAM),
        validation=cite(Rule.VALIDATION_DAYS),
        final_close=cite(Rule.FINAL_CLOSE),
        reviews=cite(Rule.REVIEW_HOLD),
    )
