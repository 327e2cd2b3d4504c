"""What staff see of a case beside the form that decides it: evidence, timeline, and what becomes of the money."""

from datetime import datetime
from decimal import Decimal

from django.db.models import Sum
from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from compliance import review_money
from compliance.deadlines import add_days, is_over
from compliance.grounds import get_review_title, list_possible_decisions
from compliance.models import Review, Signal
from compliance.reviews.decisions import find_obstacle
from compliance.reviews.review_page import build_staff_timeline
from compliance.signals.evidence import describe_evidence
from lib.formatting import format_date, format_money
from tracking.models import Order


def render_evidence(signal: Signal) -> SafeString:
    """Return the evidence of `signal` as sentences and a table."""
    evidence = describe_evidence(signal)
    orders = Order.objects.filter(order_id__in=evidence.orders).order_by("order_id") if evidence else ()
    return render_to_string("admin/compliance/evidence.html", {"evidence": evidence, "orders": orders})


def render_signal(signal: Signal) -> SafeString:
    """Return the kind of `signal` with its evidence, for the form that opens a review."""
    return format_html(
        '<section class="case"><h2>{}</h2>{}</section>',
        _("Signal: %(kind)s") % {"kind": signal.get_kind_display()},
        render_evidence(signal),
    )


def render_case(review: Review, *, now: datetime) -> SafeString:
    """Return the case of `review`: clause, sum at stake, evidence of its signals, and timeline."""
    context = {
        "review": review,
        "title": get_review_title(review),
        "at_stake": describe_money(review, now=now),
        "held": review_money.compute_held_amount(review),
        "holds_all": review_money.holds_all_payouts(review),
        "evidence_addresses": review.evidence_addresses.splitlines(),
        "evidence": [(signal, render_evidence(signal)) for signal in review.signals.order_by("raised_at", "pk")],
        "entries": build_staff_timeline(review),
    }
    return render_to_string("admin/compliance/case.html", context)


def describe_money(review: Review, *, now: datetime) -> list[str]:
    """Say what becomes of the commissions that `review` names, by each decision that is open to staff at `now`."""
    named = review_money.list_forfeitable_commissions(review)
    amount, count = named.aggregate(sum=Sum("amount"))["sum"] or Decimal(0), named.count()
    if not count:
        return [_("This review names no commissions, so no money is forfeited.")]
    money = format_money(amount, review.agreement.currency)
    heading = ngettext(
        "%(count)d commission is named: %(money)s.", "%(count)d commissions are named: %(money)s.", count
    )
    return [heading % {"count": count, "money": money}, _describe_forfeiture(review, money, now)]


def _describe_forfeiture(review: Review, money: str, now: datetime) -> str:
    if review.state == Review.State.OPEN:
        if is_over(review.decide_by, now):
            return _("The deadline to decide has passed, so none of it can be forfeited.")
        values = {"money": money, "when": _describe_end_of_appeal(review, now)}
        if Review.Decision.TERMINATION in list_possible_decisions(review, now=now):
            return (
                _(
                    "By a forfeiture, or a termination, %(money)s will be forfeited %(when)s, unless the affiliate appeals"
                    " before. Any other decision releases it at once."
                )
                % values
            )
        return (
            _(
                "By a forfeiture, %(money)s will be forfeited %(when)s, unless the affiliate appeals before. Any other"
                " decision releases it at once."
            )
            % values
        )
    if not review.forfeits:
        return _("The decision forfeits none of it.")
    if review.state == Review.State.APPEALED:
        return _(
            "If you refuse the appeal, %(money)s is forfeited at once. If you grant it, the money is released."
        ) % {"money": money}
    if review.appeal_by is None or review.state == Review.State.CLOSED:
        return ""
    return _("%(money)s will be forfeited on %(day)s, unless the affiliate appeals before.") % {
        "money": money, "day": format_date(review.appeal_by),
    }  # fmt: skip


def _describe_end_of_appeal(review: Review, now: datetime) -> str:
    """Return when the time to appeal is over: the day, or while no forfeiture can be decided yet, how long it is."""
    days = review.agreement.appeal_days
    if not find_obstacle(review, Review.Decision.FORFEITURE, now=now):
        return _("on %(day)s") % {"day": format_date(add_days(now, days))}
    text = ngettext("%(days)d day after the decision", "%(days)d days after the decision", days)
    return text % {"days": days}
