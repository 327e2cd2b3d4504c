"""Why an order is an affiliate's, or is not, in words and with the clause (CONTRACT 4): for whoever may ask about it.

Of an order that is another's, or would have been, nothing is told but what became of the asker's own coupon and click.
"""

from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _
from django.utils.translation import ngettext

from agreements.clauses import clause_of
from agreements.rules import Rule
from lib.formatting import elapsed, moment_for
from tracking.models import Coupon, Reason
from tracking.orders import attribution_words, claims
from tracking.orders.attribution import RULES, Claims
from tracking.orders.order_lookup import Asked


class Because(NamedTuple):
    """One thing that the order names, and what became of it, with the clause that says so ("" where no version does)."""

    text: str
    agreement_id: UUID | None
    clause: str


class Case(NamedTuple):
    """What an answer is made from; `settled` says whether a close has settled a line of the order."""

    asked: Asked
    claims: Claims
    settled: bool

    def because(self, text: str, rule: Rule) -> Because:
        """By the version that the affiliate was under when the order was placed, else by the one in force then."""
        placed_at, versions = self.asked.order.placed_at, self.claims.versions
        under = self.claims.under(self.asked.affiliate.pk, placed_at).agreement_id or self.claims.in_force(placed_at)
        # Before the first there was none to say it; that one does since.
        agreement_id = under or (versions[0].id if versions else None)
        return Because(text, agreement_id, clause_of(agreement_id, rule))

    def moment(self, at: datetime) -> str:
        return moment_for(at, self.asked.affiliate)


def answer(asked: Asked, *, settled: bool) -> list[Because]:
    """Why the order is the affiliate's; else, for each thing of theirs that it names, why it does not count for them."""
    codes = {asked.order.coupon_code.upper()} - {""}
    case = Case(asked, claims.read(codes, {}, also=[asked.affiliate.pk]), settled)
    if asked.mine:
        return _won(case)
    found = [said for said in (_coupon(case), _click(case)) if said]
    return found or [_no_longer(case)]


def _won(case: Case) -> list[Because]:
    order, asked = case.asked.order, case.asked
    if order.reason == Reason.COUPON:
        code = asked.now.code or asked.earlier.code
        text = _("It names your coupon %(code)s, which was bound to you when the order was placed.") % {"code": code}
    else:
        text = _won_by_click(case)
    found = [Because(text, order.agreement_id, order.clause)]
    if case.settled:
        said = _(
            "A monthly close has settled a line of it, so it stays yours, whatever coupon or click later news of it names."
        )
        found.append(Because(said, order.agreement_id, clause_of(order.agreement_id, Rule.ATTRIBUTION_FROZEN)))
    return found


def _won_by_click(case: Case) -> str:
    order = case.asked.order
    days = case.claims.attribution_days[order.agreement_id] if order.agreement_id else 0
    clicked_at = order.clicked_at or order.placed_at
    text = _(
        "The customer clicked on your link “%(link)s” on %(at)s, %(apart)s before the order. The window is %(window)s."
    )
    return text % {
        "link": order.link,
        "at": case.moment(clicked_at),
        "apart": elapsed(order.placed_at - clicked_at),
        "window": ngettext("%d day", "%d days", days) % days,
    }


def _coupon(case: Case) -> Because | None:
    """What became of a coupon that is or was the affiliate's."""
    asked, order = case.asked, case.asked.order
    if not asked.now.bindings:
        return None
    if asked.judged and order.link_id is None:
        return Because(attribution_words.words(asked, case.claims), order.agreement_id, order.clause)
    if case.claims.coupon_owner(order.coupon_code, order.placed_at) == asked.affiliate.pk:
        return _too_late(case, _("It names your coupon %(code)s.") % {"code": asked.now.code})
    return case.because(_not_bound(case), Rule.COUPON_BINDING)


def _not_bound(case: Case) -> str:
    asked, placed_at = case.asked, case.asked.order.placed_at
    begins = [(begin, row) for row in asked.now.bindings if (begin := _begin(case, row))]
    told = {"code": asked.now.code, "placed": case.moment(placed_at)}
    if not begins:
        return (
            _("Your coupon %(code)s counts from your first acceptance of the agreement on, and there is none.") % told
        )
    ended = [row.bound_until for begin, row in begins if begin <= placed_at and row.bound_until]
    if ended:
        told["at"] = case.moment(max(ended))
        if asked.others:
            return _("Your coupon %(code)s was bound to you until %(at)s. The order was placed after that.") % told
        return _("Your coupon %(code)s was bound to you until %(at)s. The order was placed on %(placed)s.") % told
    told["at"] = case.moment(min(begin for begin, _row in begins))
    if asked.others:
        return _("Your coupon %(code)s is bound to you since %(at)s. The order was placed before that.") % told
    return _("Your coupon %(code)s is bound to you since %(at)s. The order was placed on %(placed)s.") % told


def _begin(case: Case, row: Coupon) -> datetime | None:
    accepted = case.claims.acceptances.get(row.affiliate_id, {}).values()
    return row.bound_from or min(accepted, default=None)


def _click(case: Case) -> Because | None:
    """What became of a click id that names a link of the affiliate's."""
    asked, order = case.asked, case.asked.order
    if asked.judged and order.link_id is not None:
        return Because(attribution_words.words(asked, case.claims), order.agreement_id, order.clause)
    if asked.now.link is None:
        return None
    told = {"link": asked.now.link}
    owner = case.claims.coupon_owner(order.coupon_code, order.placed_at) if order.coupon_code else None
    if owner == asked.affiliate.pk:
        return None  # what became of the coupon is told
    if owner is not None:
        text = _(
            "It names a click on your link “%(link)s” and a coupon of another affiliate: a bound coupon comes first."
        )
        return case.because(text % told, Rule.COUPON_FIRST)
    if order.reason == Reason.CLICK_NOT_GENUINE:
        text = _(
            "It names a click on your link “%(link)s” with a click id that is not genuine: it was changed or made up, or the"
            " key that signed it was withdrawn."
        )
        return case.because(text % told, RULES[Reason.CLICK_NOT_GENUINE])
    return _too_late(case, _("It names a click on your link “%(link)s”.") % told)


def _too_late(case: Case, named: str) -> Because:
    """The claim would count today, but did not when it was decided about."""
    if case.settled:
        said = _("But a monthly close had settled a line of it before the shop said so: it stays with whoever had it.")
        return case.because(f"{named} {said}", Rule.ATTRIBUTION_FROZEN)
    said = _(
        "But this was recorded, with an earlier date, only after the shop had reported the order. It is decided anew when"
        " the shop reports the order again."
    )
    return case.because(f"{named} {said}", Rule.ORDER_NEWS)


def _no_longer(case: Case) -> Because:
    """Only an earlier report named something of the affiliate's."""
    named = case.asked.earlier
    if named.code:
        what = _("An earlier report of the shop named your coupon %(code)s.") % {"code": named.code}
    else:
        what = _("An earlier report of the shop named a click on your link “%(link)s”.") % {"link": named.link}
    said = _("The newest report does not, and the newest counts.")
    return case.because(f"{what} {said}", Rule.ORDER_NEWS)
