"""Explain to an affiliate why an order is theirs or not, in words and with the clause (specification 4).

Of another affiliate's order, an affiliate may learn only what became of their own coupon or click.
"""

import unicodedata
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from django.utils.translation import gettext as _

from affiliates.status_history import find_termination
from agreements.clauses import get_clause_number
from agreements.periods import format_program_time
from agreements.rules import Rule
from lib.text import clean_code, show_invisible
from tracking.models import Coupon, Reason
from tracking.orders import attribution_data, reason_texts
from tracking.orders.attribution import RULES, AttributionData
from tracking.orders.order_lookup import OrderLookup


class Explanation(NamedTuple):
    """What became of one coupon or click of the order, and the clause behind it ("" if no version has one)."""

    text: str
    agreement_id: UUID | None
    clause: str


class ExplanationContext(NamedTuple):
    """The data for an explanation; `is_settled` says whether a close has settled a line of the order."""

    lookup: OrderLookup
    data: AttributionData
    is_settled: bool

    def explain(self, text: str, rule: Rule) -> Explanation:
        """Cite `rule` by the affiliate's applicable version when the order was placed, else by the one in force."""
        placed_at, versions = self.lookup.order.placed_at, self.data.versions
        applicable = self.data.find_applicable_version(self.lookup.affiliate.pk, placed_at)
        agreement_id = applicable.agreement_id or self.data.find_version_in_force(placed_at)
        # Orders from before the first version are explained by that version.
        if agreement_id is None and versions:
            agreement_id = versions[0].id
        return Explanation(text, agreement_id, get_clause_number(agreement_id, rule))

    def format_time(self, at: datetime) -> str:
        return format_program_time(at)


def explain_order(lookup: OrderLookup, *, settled: bool) -> list[Explanation]:
    """Explain why the order is the affiliate's, or why each of their coupons and clicks in it does not count."""
    codes = set(lookup.newest_content["coupons"])
    data = attribution_data.load_attribution_data(codes, {}, extra_affiliate_ids=[lookup.affiliate.pk])
    context = ExplanationContext(lookup, data, settled)
    if lookup.is_own:
        return _explain_credited(context)
    coupon = _explain_coupon(context)
    if coupon:
        coupon = coupon._replace(text=_add_spelling(coupon.text, lookup, lookup.current_references.code))
    explanations = [one for one in (coupon, _explain_click(context)) if one]
    return explanations or [_explain_superseded(context)]


def _explain_credited(context: ExplanationContext) -> list[Explanation]:
    order, lookup = context.lookup.order, context.lookup
    if order.reason == Reason.COUPON:
        code = lookup.current_references.spell(order.coupon_code) or lookup.all_references.code
        text = _("The order names your coupon %(code)s, which was assigned to you when the order was placed.") % {
            "code": code
        }
        text = _add_spelling(text, lookup, code)
    else:
        text = reason_texts.describe_window(lookup, context.data)
    explanations = [Explanation(text, order.agreement_id, order.clause)]
    if context.is_settled:
        text = _(
            "A monthly close has settled a line of this order, so it stays yours even if the shop later reports another"
            " coupon or click."
        )
        clause = get_clause_number(order.agreement_id, Rule.ATTRIBUTION_FROZEN)
        explanations.append(Explanation(text, order.agreement_id, clause))
    return explanations


def _add_spelling(text: str, lookup: OrderLookup, code: str) -> str:
    """Add to `text` how the shop spelled the affiliate's coupon, if the code was found only after cleaning."""
    sent = lookup.get_sent_coupon(code)
    read = clean_code(sent)
    if read == unicodedata.normalize("NFC", sent):
        return text
    spelling = _("The shop sent “%(sent)s”; it was read as %(read)s.") % {"sent": show_invisible(sent), "read": read}
    return f"{text} {spelling}"


def _explain_coupon(context: ExplanationContext) -> Explanation | None:
    lookup, order = context.lookup, context.lookup.order
    if not lookup.current_references.assignments:
        return None
    if lookup.is_denied and order.link_id is None:
        return Explanation(reason_texts.describe_reason(lookup, context.data), order.agreement_id, order.clause)
    text = _("The order names your coupon %(code)s.") % {"code": lookup.current_references.code}
    owners = [context.data.find_coupon_owner(code, order.placed_at) for code in lookup.newest_content["coupons"]]
    assigned = [owner for owner in owners if owner]
    if assigned[:1] == [lookup.affiliate.pk]:
        return _explain_recorded_late(context, text)
    if lookup.affiliate.pk in assigned:
        first = _("It names a coupon of another affiliate before it, and the first assigned coupon counts.")
        return context.explain(f"{text} {first}", Rule.COUPON_ASSIGNMENT)
    return context.explain(_describe_unassigned(context), Rule.COUPON_ASSIGNMENT)


def _describe_unassigned(context: ExplanationContext) -> str:
    lookup, placed_at = context.lookup, context.lookup.order.placed_at
    starts = [(start, row) for row in lookup.current_references.assignments if (start := _find_start(context, row))]
    values = {"code": lookup.current_references.code, "placed": context.format_time(placed_at)}
    if not starts:
        text = _("Your coupon %(code)s counts once you accept the agreement.")
        return text % values
    terminated = find_termination(context.data.histories.get(lookup.affiliate.pk, ()), placed_at)
    until = [
        min(filter(None, (row.assigned_until, terminated)), default=None) for start, row in starts if start <= placed_at
    ]
    ends = [end for end in until if end]
    if ends:
        values["at"] = context.format_time(max(ends))
        if lookup.concerns_other_affiliate:
            return _("Your coupon %(code)s was assigned to you until %(at)s. The order was placed after that.") % values
        return _("Your coupon %(code)s was assigned to you until %(at)s. The order was placed on %(placed)s.") % values
    values["at"] = context.format_time(min(start for start, _row in starts))
    if lookup.concerns_other_affiliate:
        return _("Your coupon %(code)s is assigned to you from %(at)s. The order was placed before that.") % values
    return _("Your coupon %(code)s is assigned to you from %(at)s. The order was placed on %(placed)s.") % values


def _find_start(context: ExplanationContext, row: Coupon) -> datetime | None:
    acceptances = context.data.acceptances.get(row.affiliate_id, {}).values()
    return row.assigned_from or min(acceptances, default=None)


def _explain_click(context: ExplanationContext) -> Explanation | None:
    lookup, order = context.lookup, context.lookup.order
    if lookup.is_denied and order.link_id is not None:
        return Explanation(reason_texts.describe_reason(lookup, context.data), order.agreement_id, order.clause)
    if lookup.current_references.link is None:
        return None
    values = {"link": lookup.current_references.link}
    counting = context.data.pick_coupon(lookup.newest_content["coupons"], order.placed_at)
    owner = context.data.find_coupon_owner(counting, order.placed_at) if counting else None
    if owner == lookup.affiliate.pk:
        return None  # the explanation of the coupon is enough
    if owner is not None:
        text = _(
            "The order names a click on your link “%(link)s” and a coupon of another affiliate. Coupons take precedence"
            " over clicks."
        )
        return context.explain(text % values, Rule.COUPON_FIRST)
    if order.reason == Reason.CLICK_NOT_GENUINE:
        text = _(
            "The order names a click on your link “%(link)s”, but the click ID is not valid: it was altered or made up,"
            " or its signing key was withdrawn."
        )
        return context.explain(text % values, RULES[Reason.CLICK_NOT_GENUINE])
    return _explain_recorded_late(context, _("The order names a click on your link “%(link)s”.") % values)


def _explain_recorded_late(context: ExplanationContext, reference: str) -> Explanation:
    """Explain a coupon or click that would count today but did not when the order was attributed."""
    if context.is_settled:
        text = _(
            "But part of the order was already on a monthly statement when the shop reported this, so it can no longer"
            " be credited to anyone else."
        )
        return context.explain(f"{reference} {text}", Rule.ATTRIBUTION_FROZEN)
    text = _(
        "But this was recorded with an earlier date only after the shop had reported the order, so it did not count."
        " The order is checked again when the shop next reports it."
    )
    return context.explain(f"{reference} {text}", Rule.ORDER_SNAPSHOTS)


def _explain_superseded(context: ExplanationContext) -> Explanation:
    """Explain an order of which only an earlier snapshot names the affiliate's coupon or link."""
    references = context.lookup.all_references
    if references.code:
        first = _("An earlier report from the shop named your coupon %(code)s.") % {"code": references.code}
    else:
        first = _("An earlier report from the shop named a click on your link “%(link)s”.") % {"link": references.link}
    second = _("The latest report does not, and the latest report counts.")
    return context.explain(f"{first} {second}", Rule.ORDER_SNAPSHOTS)
