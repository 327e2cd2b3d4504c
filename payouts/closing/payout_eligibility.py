"""What decides besides the amount whether an affiliate can be paid (specification 6.3), read by one query."""

from datetime import datetime, timedelta
from typing import Any, NamedTuple

from django.db.models import Case, DateTimeField, F, OuterRef, QuerySet, When

from affiliates.models import Affiliate
from agreements.models import Program
from agreements.periods import get_program_time_zone
from lib.request_values import read_once
from lib.subqueries import find_first, sum_amounts
from payouts.ledger import booking
from payouts.models import Adjustment, Close, PayoutDetails, PayoutHold


class PayoutEligibility(NamedTuple):
    """What decides besides the amount whether an affiliate can be paid (specification 6.3)."""

    state: str
    ends_at: datetime | None  # the end of the notice or of the program
    details_usable_from: datetime | None  # None without confirmed details; by the terms at their entry
    hold_reason: str  # the reason of a hold on payouts
    time_zone: str
    email_hold_ends_at: datetime | None = None  # the end of a hold after a change of the e-mail address
    details_held_since: datetime | None = None  # None without a hold on the details

    def get_details_usable_from(self, hold_days: int) -> datetime | None:
        """Return from when payouts can go to the details by a version with these `payout_details_hold_days`."""
        if self.details_held_since and self.details_usable_from:
            return self.details_held_since + timedelta(days=hold_days)
        return self.details_usable_from


def annotate_payout_facts(affiliates: QuerySet[Affiliate], now: datetime) -> QuerySet[Any]:
    """Annotate affiliates with what `build_eligibility` reads and with the sums of a payout: `payable_sum`, the negative
    balance, and `adjustments_sum`, approved and not on a statement yet; with `last_close`, the last closed month; and
    with `program_opened_at`."""
    own = {"affiliate": OuterRef("pk")}
    newest = PayoutDetails.objects.filter(**own, entered_at__lte=now).order_by("-entered_at", "-id")
    usable = Case(When(confirmed_at__isnull=False, then=F("usable_from")), output_field=DateTimeField())
    email_holds = PayoutHold.objects.filter(**own).after_email_change(now).order_by("-ends_at")
    adjusted = Adjustment.objects.filter(**own, state=Adjustment.State.APPROVED, statement=None)
    payable = booking.list_payable_entries().filter(**own)
    return affiliates.annotate(
        details_usable_from=find_first(newest.annotate(usable=usable), "usable"),
        details_held_since=find_first(newest, "held_since"),
        payout_hold_reason=find_first(PayoutHold.objects.filter(**own).until_release(), "reason"),
        email_hold_ends_at=find_first(email_holds, "ends_at"),
        adjustments_sum=sum_amounts(adjusted, "affiliate"),
        payable_sum=sum_amounts(payable, "affiliate"),
        last_close=find_first(Close.objects.order_by("-period"), "period"),
        program_opened_at=find_first(Program.objects.all(), "opened_at"),
        program_ends_at=find_first(Program.objects.all(), "ends_at"),
    )


@read_once
def get_payout_facts(affiliate: Affiliate, now: datetime) -> Any:
    """Return the affiliate annotated by `annotate_payout_facts`."""
    return annotate_payout_facts(Affiliate.objects.all(), now).get(pk=affiliate.pk)


def build_eligibility(affiliate: Any) -> PayoutEligibility:
    """Return the eligibility of an affiliate annotated by `annotate_payout_facts`."""
    return PayoutEligibility(
        state=affiliate.state,
        ends_at=min(filter(None, (affiliate.notice_ends_at, affiliate.program_ends_at)), default=None),
        details_usable_from=affiliate.details_usable_from,
        details_held_since=affiliate.details_held_since,
        hold_reason=affiliate.payout_hold_reason or "",
        time_zone=get_program_time_zone().key,
        email_hold_ends_at=affiliate.email_hold_ends_at,
    )
