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
from agreements.applicable_version import get_applicable_version
from agreements.models import AgreementVersion
from agreements.rules import Rule
from compliance import emails, grounds, review_money, timeline
from compliance.deadlines import add_days
from compliance.grounds import Grounds
from compliance.models import Review, ReviewEvent, Signal
from payouts.ledger import booking
from payouts.models import Commission


class Hold(NamedTuple):
    """What a review holds from its opening on."""

    commissions: list[Commission]
    holds_commissions: bool
    hold_all_reason: str


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
    hold_all_reason: str = "",
    now: datetime,
    by: User | None,
    signal: Signal | None = None,
    recommendation: str = "",
) -> Review:
    """Open a review that names one prohibited activity (its code) or one term (its rule), and notify the affiliate.

    The clause is that of the version that the affiliate is under. The named `commissions` are held (unless `hold` is off),
    all money only with `hold_all_reason`. Refuses with ValidationError an affiliate who has accepted nothing, an activity or term that
    their version doesn't state, another's commissions and a missing reason (CONTRACT 8, clauses 8.1 to 8.4).
    """
    booking.lock_shared()
    agreement = _get_accepted_agreement(affiliate, now)
    what = _resolve_grounds(agreement, activity, term)
    money = _build_hold(affiliate, what, commissions, hold, hold_all_money, hold_all_reason)
    review = _create_review(
        affiliate, agreement, what, timeline.require_text(summary, "summary"), money, now, by, recommendation
    )
    if signal is not None:
        _link_signal(signal, review, now, by)
    timeline.append_event(review=review, kind=ReviewEvent.Kind.NOTICE, now=now, by=by, text=review.summary)
    _place_hold(review, money, now, by)
    timeline.record_audit(
        review=review, action="review opened", now=now, by=by, after=_build_audit_values(review, money)
    )
    emails.send_review_opened(review, hold_all_reason=money.hold_all_reason)
    return review


def _get_accepted_agreement(affiliate: Affiliate, now: datetime) -> AgreementVersion:
    agreement, _under = get_applicable_version(affiliate.pk, at=now)
    if agreement is None:
        raise ValidationError({"affiliate": _("They have accepted no agreement: there is no clause to name.")})
    return agreement


def _resolve_grounds(agreement: AgreementVersion, activity: str, term: str) -> Grounds:
    if bool(activity) == bool(term):
        raise ValidationError({"activity": _("Name one prohibited activity or one term.")})
    return (
        grounds.build_activity_grounds(agreement, activity) if activity else grounds.build_term_grounds(agreement, term)
    )


def _build_hold(
    affiliate: Affiliate,
    what: Grounds,
    commissions: Iterable[Commission],
    hold: bool,
    everything: bool,
    hold_all_reason: str,
) -> Hold:
    named = review_money.validate_commissions(affiliate=affiliate, commissions=commissions)
    if what.term == Rule.SALES_TARGET.value and (named or everything):
        raise ValidationError({"commissions": _("Nothing is held for a missed target: what was earned is paid.")})
    return Hold(named, hold, timeline.require_text(hold_all_reason, "hold_all_reason") if everything else "")


def _create_review(
    affiliate: Affiliate,
    agreement: AgreementVersion,
    what: Grounds,
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
        holds_all_money=bool(money.hold_all_reason),
        reply_by=add_days(now, agreement.reply_days),
        decide_by=add_days(now, agreement.review_days),
        recommendation=recommendation,
    )
    review.commissions.set(money.commissions)
    return review


def _link_signal(signal: Signal, review: Review, now: datetime, by: User | None) -> None:
    taken = Signal.objects.filter(pk=signal.pk, state=Signal.State.OPEN).update(
        state=Signal.State.REVIEWED, affiliate=review.affiliate, review=review, decided_at=now, decided_by=by
    )
    if not taken:
        raise IllegalTransition(_("Somebody else has dealt with this signal in the meantime."))
    timeline.append_event(
        review=review, kind=ReviewEvent.Kind.SIGNAL, now=signal.raised_at, by=None, text=signal.description
    )


def _place_hold(review: Review, money: Hold, now: datetime, by: User | None) -> None:
    if money.holds_commissions:
        review_money.hold_commissions(review=review, commissions=money.commissions, now=now, by=by)
    if money.hold_all_reason:
        review_money.hold_all_payouts(review=review, reason=money.hold_all_reason, now=now, by=by)


def _build_audit_values(review: Review, money: Hold) -> dict[str, object]:
    return {
        "grounds": review.activity or review.term,
        "clause": review.clause,
        "version": review.agreement.name,
        "commissions": len(money.commissions),
        "holds_all_money": bool(money.hold_all_reason),
    }
