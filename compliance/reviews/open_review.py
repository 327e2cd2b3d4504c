"""Opening a review: the notice, the deadlines, what is held (CONTRACT 8)."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate
from agreements.models import Agreement
from agreements.rules import Rule
from agreements.under import agreement_of
from compliance import emails, grounds, review_money, timeline
from compliance.deadlines import days_after
from compliance.grounds import Accusation
from compliance.models import Review, ReviewStep, Signal
from payouts.ledger import booking
from payouts.models import Commission


class Hold(NamedTuple):
    """What a review holds from its opening on."""

    commissions: list[Commission]
    at_once: bool
    why_all: str


@transaction.atomic
def open_review(
    *,
    affiliate: Affiliate,
    activity: str = "",
    term: str = "",
    summary: str,
    commissions: Iterable[Commission] = (),
    hold: bool = True,
    hold_all_money: bool = False,
    why_all: str = "",
    now: datetime,
    by: User | None,
    signal: Signal | None = None,
    recommendation: str = "",
) -> Review:
    """Open a review that names one prohibited activity (its code) or one term (its rule), and notify the affiliate.

    The clause is that of the version that the affiliate is under. The named `commissions` are held (unless `hold` is off),
    all money only with `why_all`. Refuses with ValidationError an affiliate who has accepted nothing, an activity or term that
    their version doesn't state, another's commissions and a missing reason (CONTRACT 8, clauses 8.1 to 8.4).
    """
    booking.gate()
    agreement = _accepted(affiliate, now)
    what = _named(agreement, activity, term)
    money = _money(affiliate, what, commissions, hold, hold_all_money, why_all)
    review = _store(affiliate, agreement, what, timeline.required(summary, "summary"), money, now, by, recommendation)
    if signal is not None:
        _take(signal, review, now, by)
    timeline.write(review=review, kind=ReviewStep.Kind.NOTICE, now=now, by=by, text=review.summary)
    _hold(review, money, now, by)
    timeline.record(review=review, action="review opened", now=now, by=by, after=_audited(review, money))
    emails.review_opened(review, why_all=money.why_all)
    return review


def _accepted(affiliate: Affiliate, now: datetime) -> Agreement:
    agreement, _under = agreement_of(affiliate.pk, at=now)
    if agreement is None:
        raise ValidationError({"affiliate": _("They have accepted no agreement: there is no clause to name.")})
    return agreement


def _named(agreement: Agreement, activity: str, term: str) -> Accusation:
    if bool(activity) == bool(term):
        raise ValidationError({"activity": _("Name one prohibited activity or one term.")})
    return grounds.of_activity(agreement, activity) if activity else grounds.of_term(agreement, term)


def _money(
    affiliate: Affiliate,
    what: Accusation,
    commissions: Iterable[Commission],
    hold: bool,
    everything: bool,
    why_all: str,
) -> Hold:
    named = review_money.named(affiliate=affiliate, commissions=commissions)
    if what.term == Rule.SALES_TARGET.value and (named or everything):
        raise ValidationError({"commissions": _("Nothing is held for a missed target: what was earned is paid.")})
    return Hold(named, hold, timeline.required(why_all, "why_all") if everything else "")


def _store(
    affiliate: Affiliate,
    agreement: Agreement,
    what: Accusation,
    summary: str,
    money: Hold,
    now: datetime,
    by: User | None,
    recommendation: str,
) -> Review:
    review = Review.objects.create(
        affiliate=affiliate,
        agreement=agreement,
        activity=what.activity,
        term=what.term,
        clause=what.clause,
        summary=summary,
        opened_at=now,
        opened_by=by,
        holds_all_money=bool(money.why_all),
        reply_by=days_after(now, agreement.reply_days),
        decide_by=days_after(now, agreement.review_days),
        recommendation=recommendation,
    )
    review.commissions.set(money.commissions)
    return review


def _take(signal: Signal, review: Review, now: datetime, by: User | None) -> None:
    taken = Signal.objects.filter(pk=signal.pk, state=Signal.State.OPEN).update(
        state=Signal.State.REVIEWED, affiliate=review.affiliate, review=review, decided_at=now, decided_by=by
    )
    if not taken:
        raise IllegalTransition(_("Somebody else has dealt with this signal in the meantime."))
    timeline.write(review=review, kind=ReviewStep.Kind.SIGNAL, now=signal.raised_at, by=None, text=signal.words)


def _hold(review: Review, money: Hold, now: datetime, by: User | None) -> None:
    if money.at_once:
        review_money.hold(review=review, commissions=money.commissions, now=now, by=by)
    if money.why_all:
        review_money.hold_all(review=review, why=money.why_all, now=now, by=by)


def _audited(review: Review, money: Hold) -> dict[str, object]:
    return {
        "names": review.activity or review.term,
        "clause": review.clause,
        "version": review.agreement.name,
        "commissions": len(money.commissions),
        "holds_all_money": bool(money.why_all),
    }
