"""Why an order is an affiliate's, or is not, in words and with the clause (CONTRACT 4): for whoever may ask about it.

Of an order that is another's, or would have been, nothing is told but what became of the asker's own coupon and click.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agreements.clauses import get_clause_number
from agreements.rules import Rule
from lib.formatting import format_datetime_for, format_duration
from tracking.models import Coupon, Reason
from tracking.orders import attribution_data, reason_texts
from tracking.orders.attribution import RULES, AttributionData
from tracking.orders.order_lookup import OrderLookup


class Explanation(NamedTuple):
    """One thing that the order names, and what became of it, with the clause that says so ("" where no version does)."""

    text: str
    agreement_id: UUID | None
    clause: str


class ExplanationContext(NamedTuple):
    """What an answer is made from; `settled` says whether a close has settled a line of the order."""

    lookup: OrderLookup
    data: AttributionData
    settled: bool

    def explain(self, text: str, rule: Rule) -> Explanation:
        """By the version that the affiliate was under when the order was placed, else by the one in force then."""
        placed_at, versions = self.lookup.order.placed_at, self.data.versions
        under = self.data.find_applicable_version(
            self.lookup.affiliate.pk, placed_at
        ).agreement_id or self.data.find_version_in_force(placed_at)
        # Before the first there was none to say it; that one does since.
        agreement_id = under or (versions[0].id if versions else None)
        return Explanation(text, agreement_id, get_clause_number(agreement_id, rule))

    def format_moment(self, at: datetime) -> str:
        return format_datetime_for(at, self.lookup.affiliate)


def explain_order(asked: OrderLookup, *, settled: bool) -> list[Explanation]:
    """Why the order is the affiliate's; else, for each thing of theirs that it names, why it does not count for them."""
    codes = {asked.order.coupon_code.upper()} - {""}
    case = ExplanationContext(
        asked, attribution_data.load_attribution_data(codes, {}, extra_affiliate_ids=[asked.affiliate.pk]), settled
    )
    if asked.is_own:
        return _explain_won(case)
    found = [said for said in (_explain_coupon(case), _explain_click(case)) if said]
    return found or [_explain_no_longer_named(case)]


def _explain_won(case: ExplanationContext) -> list[Explanation]:
    order, asked = case.lookup.order, case.lookup
    if order.reason == Reason.COUPON:
        code = asked.current_references.code or asked.all_references.code
        text = _("It names your coupon %(code)s, which was bound to you when the order was placed.") % {"code": code}
    else:
        text = _describe_winning_click(case)
    found = [Explanation(text, order.agreement_id, order.clause)]
    if case.settled:
        said = _(
            "A monthly close has settled a line of it, so it stays yours, whatever coupon or click later news of it names."
        )
        found.append(
            Explanation(said, order.agreement_id, get_clause_number(order.agreement_id, Rule.ATTRIBUTION_FROZEN))
        )
    return found


def _describe_winning_click(case: ExplanationContext) -> str:
    order = case.lookup.order
    days = case.data.attribution_days[order.agreement_id] if order.agreement_id else 0
    clicked_at = order.clicked_at or order.placed_at
    text = _(
        "The customer clicked on your link “%(link)s” on %(at)s, %(apart)s before the order. The window is %(window)s."
    )
    return text % {
        "link": order.link,
        "at": case.format_moment(clicked_at),
        "apart": format_duration(order.placed_at - clicked_at),
        "window": ngettext("%d day", "%d days", days) % days,
    }


def _explain_coupon(case: ExplanationContext) -> Explanation | None:
    """What became of a coupon that is or was the affiliate's."""
    asked, order = case.lookup, case.lookup.order
    if not asked.current_references.assignments:
        return None
    if asked.is_denied and order.link_id is None:
        return Explanation(reason_texts.describe_reason(asked, case.data), order.agreement_id, order.clause)
    if case.data.find_coupon_owner(order.coupon_code, order.placed_at) == asked.affiliate.pk:
        return _explain_recorded_late(
            case, _("It names your coupon %(code)s.") % {"code": asked.current_references.code}
        )
    return case.explain(_describe_unassigned(case), Rule.COUPON_ASSIGNMENT)


def _describe_unassigned(case: ExplanationContext) -> str:
    asked, placed_at = case.lookup, case.lookup.order.placed_at
    begins = [(begin, row) for row in asked.current_references.assignments if (begin := _find_start(case, row))]
    told = {"code": asked.current_references.code, "placed": case.format_moment(placed_at)}
    if not begins:
        return (
            _("Your coupon %(code)s counts from your first acceptance of the agreement on, and there is none.") % told
        )
    ended = [row.assigned_until for begin, row in begins if begin <= placed_at and row.assigned_until]
    if ended:
        told["at"] = case.format_moment(max(ended))
        if asked.concerns_other_affiliate:
            return _("Your coupon %(code)s was bound to you until %(at)s. The order was placed after that.") % told
        return _("Your coupon %(code)s was bound to you until %(at)s. The order was placed on %(placed)s.") % told
    told["at"] = case.format_moment(min(begin for begin, _row in begins))
    if asked.concerns_other_affiliate:
        return _("Your coupon %(code)s is bound to you since %(at)s. The order was placed before that.") % told
    return _("Your coupon %(code)s is bound to you since %(at)s. The order was placed on %(placed)s.") % told


def _find_start(case: ExplanationContext, row: Coupon) -> datetime | None:
    accepted = case.data.acceptances.get(row.affiliate_id, {}).values()
    return row.assigned_from or min(accepted, default=None)


def _explain_click(case: ExplanationContext) -> Explanation | None:
    """What became of a click id that names a link of the affiliate's."""
    asked, order = case.lookup, case.lookup.order
    if asked.is_denied and order.link_id is not None:
        return Explanation(reason_texts.describe_reason(asked, case.data), order.agreement_id, order.clause)
    if asked.current_references.link is None:
        return None
    told = {"link": asked.current_references.link}
    owner = case.data.find_coupon_owner(order.coupon_code, order.placed_at) if order.coupon_code else None
    if owner == asked.affiliate.pk:
        return None  # what became of the coupon is told
    if owner is not None:
        text = _(
            "It names a click on your link “%(link)s” and a coupon of another affiliate: a bound coupon comes first."
        )
        return case.explain(text % told, Rule.COUPON_FIRST)
    if order.reason == Reason.CLICK_NOT_GENUINE:
        text = _(
            "It names a click on your link “%(link)s” with a click id that is not genuine: it was changed or made up, or the"
            " key that signed it was withdrawn."
        )
        return case.explain(text % told, RULES[Reason.CLICK_NOT_GENUINE])
    return _explain_recorded_late(case, _("It names a click on your link “%(link)s”.") % told)


def _explain_recorded_late(case: ExplanationContext, named: str) -> Explanation:
    """The claim would count today, but did not when it was decided about."""
    if case.settled:
        said = _("But a monthly close had settled a line of it before the shop said so: it stays with whoever had it.")
        return case.explain(f"{named} {said}", Rule.ATTRIBUTION_FROZEN)
    said = _(
        "But this was recorded, with an earlier date, only after the shop had reported the order. It is decided anew when"
        " the shop reports the order again."
    )
    return case.explain(f"{named} {said}", Rule.ORDER_SNAPSHOTS)


def _explain_no_longer_named(case: ExplanationContext) -> Explanation:
    """Only an earlier report named something of the affiliate's."""
    named = case.lookup.all_references
    if named.code:
        what = _("An earlier report of the shop named your coupon %(code)s.") % {"code": named.code}
    else:
        what = _("An earlier report of the shop named a click on your link “%(link)s”.") % {"link": named.link}
    said = _("The newest report does not, and the newest counts.")
    return case.explain(f"{what} {said}", Rule.ORDER_SNAPSHOTS)
