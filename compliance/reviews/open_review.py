"""Opening of reviews: grounds, deadlines, hold and notice (specification 8)."""

from collections.abc import Iterable
from datetime import datetime
from typing import NamedTuple

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.errors import IllegalTransition
from affiliates.models import Affiliate
from agreements.applicable_version import get_applicable_version
from agreements.models import AgreementVersion
from agreements.rules import Rule
from compliance import emails, grounds, review_money, timeline
from compliance.deadlines import add_days
from compliance.grounds import Grounds
from compliance.models import Review, ReviewEvent, Signal
from compliance.reviews.evidence_addresses import clean_addresses
from lib.reasons import require_reason
from payouts.ledger import booking
from payouts.models import Commission


class Hold(NamedTuple):
    """What a new review holds: named commissions, and all payouts if `hold_all_reason` is set."""

    commissions: list[Commission]
    holds_commissions: bool
    hold_all_reason: str


class Texts(NamedTuple):
    """What the affiliate reads of the reproach: the summary, and the addresses of the evidence, one per line."""

    summary: str
    evidence_addresses: str


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
    evidence_addresses: str = "",
    now: datetime,
    by: User | None,
    signal: Signal | None = None,
    recommendation: str = "",
) -> Review:
    """Open a review that names one prohibited activity (its code) or one term (its rule), and notify the affiliate.

    The clause is taken from the applicable version. The named `commissions` are held unless `hold` is off; all money
    only with `hold_all_money` and a `hold_all_reason`. `evidence_addresses` are pages that the affiliate sees as
    evidence, one per line. Raises ValidationError if the affiliate has accepted no agreement, their version does not
    state the activity or term, a commission is not theirs, or a text is missing (specification 8, clauses 8.1 to 8.4).
    """
    require_uninvolved(by, [affiliate])
    booking.lock_shared()
    agreement = _get_accepted_agreement(affiliate, now)
    named = _resolve_grounds(agreement, activity, term)
    money = _build_hold(affiliate, named, commissions, hold, hold_all_money, hold_all_reason)
    texts = Texts(timeline.require_text(summary, "summary"), clean_addresses(evidence_addresses))
    review = _create_review(affiliate, agreement, named, texts, money, now, by, recommendation)
    if signal is not None:
        _link_signal(signal, review, now, by)
    timeline.append_event(review=review, kind=ReviewEvent.Kind.NOTICE, now=now, by=by, text=review.summary)
    _place_hold(review, money, now, by)
    timeline.record_audit(
        review=review,
        action="review opened",
        now=now,
        by=by,
        after=_build_audit_values(review, money),
        reason=review.summary,
    )
    emails.send_review_opened(review, hold_all_reason=money.hold_all_reason)
    return review


def _get_accepted_agreement(affiliate: Affiliate, now: datetime) -> AgreementVersion:
    agreement, _applicable = get_applicable_version(affiliate.pk, at=now)
    if agreement is None:
        raise ValidationError(
            {"affiliate": _("The affiliate has not accepted an agreement, so there is no clause to cite.")}
        )
    return agreement


def _resolve_grounds(agreement: AgreementVersion, activity: str, term: str) -> Grounds:
    if bool(activity) == bool(term):
        raise ValidationError({"activity": _("Choose one prohibited activity or one term.")})
    return (
        grounds.build_activity_grounds(agreement, activity) if activity else grounds.build_term_grounds(agreement, term)
    )


def _build_hold(
    affiliate: Affiliate,
    named: Grounds,
    commissions: Iterable[Commission],
    hold: bool,
    hold_all_money: bool,
    hold_all_reason: str,
) -> Hold:
    valid = review_money.validate_commissions(affiliate=affiliate, commissions=commissions)
    if named.term == Rule.SALES_TARGET.value and (valid or hold_all_money):
        raise ValidationError(
            {"commissions": _("Commissions cannot be held for a missed target: everything earned is paid.")}
        )
    reason = require_reason(hold_all_reason, field="hold_all_reason") if hold_all_money else ""
    return Hold(valid, hold, reason)


def _create_review(
    affiliate: Affiliate,
    agreement: AgreementVersion,
    named: Grounds,
    texts: Texts,
    money: Hold,
    now: datetime,
    by: User | None,
    recommendation: str,
) -> Review:
    review = Review.objects.create(
        affiliate=affiliate,
        agreement=agreement,
        activity=named.activity,
        term=named.term,
        clause=named.clause,
        summary=texts.summary,
        evidence_addresses=texts.evidence_addresses,
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
    updated = Signal.objects.filter(pk=signal.pk, state=Signal.State.OPEN).update(
        state=Signal.State.REVIEWED, affiliate=review.affiliate, review=review, decided_at=now, decided_by=by
    )
    if not updated:
        raise IllegalTransition(_("This signal has already been reviewed or dismissed."))
    timeline.append_event(
        review=review, kind=ReviewEvent.Kind.SIGNAL, now=signal.raised_at, by=None, text=signal.description
    )


def _place_hold(review: Review, money: Hold, now: datetime, by: User | None) -> None:
    held = []
    if money.holds_commissions:
        held = review_money.hold_commissions(review=review, commissions=money.commissions, now=now, by=by)
    if money.hold_all_reason:
        review_money.hold_all_payouts(review=review, reason=money.hold_all_reason, now=now, by=by)
    if held or money.hold_all_reason:
        review_money.append_event(
            review,
            ReviewEvent.Kind.HELD,
            held,
            all_payouts=bool(money.hold_all_reason),
            reason=money.hold_all_reason,
            now=now,
            by=by,
        )


def _build_audit_values(review: Review, money: Hold) -> dict[str, object]:
    return {
        "grounds": review.activity or review.term,
        "clause": review.clause,
        "version": review.agreement.name,
        "commissions": len(money.commissions),
        "holds_all_money": bool(money.hold_all_reason),
    }
