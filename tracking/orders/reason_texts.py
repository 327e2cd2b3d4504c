"""Texts that tell an affiliate why an order was not credited to them, by the attribution reason."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.models import State
from affiliates.status_history import get_state_at
from agreements.models import AgreementVersion
from agreements.periods import format_program_time
from lib.formatting import format_duration
from tracking.models import Reason
from tracking.orders.attribution import AttributionData
from tracking.orders.order_lookup import OrderLookup

_STATE_TEXTS = {
    None: gettext_lazy("%(when)s you were not in the program yet."),
    State.APPLIED: gettext_lazy("%(when)s your application had not been decided yet."),
    State.APPROVED: gettext_lazy("%(when)s you had not accepted the agreement yet."),
    State.SUSPENDED: gettext_lazy("%(when)s you had been suspended since %(since)s."),
    State.LEAVING: gettext_lazy("%(when)s you had been leaving the program since %(since)s."),
    State.TERMINATED: gettext_lazy("%(when)s your participation in the program had already ended, on %(since)s."),
    State.REJECTED: gettext_lazy("%(when)s your application had been rejected."),
    # A change with an earlier date was recorded after the order was attributed.
    State.ACTIVE: gettext_lazy(
        "%(when)s you were not active, according to our records when the shop reported the order."
    ),
}


def describe_reason(lookup: OrderLookup, data: AttributionData) -> str:
    """Return one or two sentences on an order that was denied to the affiliate (`OrderLookup.is_denied`)."""
    return _DESCRIBERS[Reason(lookup.order.reason)](lookup, data)


def _get_decisive_time(lookup: OrderLookup) -> datetime:
    return lookup.order.clicked_at or lookup.order.placed_at


def _describe_time(lookup: OrderLookup) -> str:
    at = format_program_time(_get_decisive_time(lookup))
    if lookup.order.link_id:
        return _("When the customer clicked your link “%(link)s” on %(at)s,") % {"link": lookup.order.link, "at": at}
    return _("When the order was placed with your coupon %(code)s on %(at)s,") % {
        "code": lookup.current_references.code,
        "at": at,
    }


def _build_click_context(lookup: OrderLookup) -> dict[str, object]:
    clicked_at, placed_at = _get_decisive_time(lookup), lookup.order.placed_at
    return {
        "link": lookup.order.link,
        "at": format_program_time(clicked_at),
        "apart": format_duration(abs(placed_at - clicked_at)),
    }


def describe_window(lookup: OrderLookup, data: AttributionData) -> str:
    """Say when the customer clicked, and which window the version at the click gives."""
    order = lookup.order
    days = data.attribution_days[order.agreement_id] if order.agreement_id else 0
    window = ngettext("%d day", "%d days", days) % days
    clicked_at = order.clicked_at or order.placed_at
    apart = format_duration(order.placed_at - clicked_at)
    over = order.placed_at - clicked_at - timedelta(days=days)
    if timedelta() < over < timedelta(minutes=1):
        # Rounded to its two largest units, the time would equal the window.
        apart = _("%(window)s and %(over)s") % {"window": window, "over": format_duration(over)}
    text = _(
        "The customer clicked your link “%(link)s” on %(at)s, %(apart)s before the order. By version %(version)s of the"
        " agreement, which applied at the click, the attribution window is %(window)s."
    )
    return text % {
        "link": order.link,
        "at": format_program_time(clicked_at),
        "apart": apart,
        "window": window,
        "version": order.agreement.name if order.agreement else "-",
    }


def _describe_after_order(lookup: OrderLookup, _data: AttributionData) -> str:
    text = _(
        "The click on your link “%(link)s” was on %(at)s, %(apart)s after the order was placed. Only a click before the"
        " order counts."
    )
    return text % _build_click_context(lookup)


def _describe_not_active(lookup: OrderLookup, data: AttributionData) -> str:
    history, moment = data.histories.get(lookup.affiliate.pk, ()), _get_decisive_time(lookup)
    since = max((change.at for change in history if change.at <= moment), default=moment)
    values = {"when": _describe_time(lookup), "since": format_program_time(since)}
    return str(_STATE_TEXTS[get_state_at(history, moment)]) % values


def _describe_no_agreement(lookup: OrderLookup, _data: AttributionData) -> str:
    placed = format_program_time(lookup.order.placed_at)
    text = _("When the order was placed, on %(at)s, no version of the agreement that you had accepted was in effect.")
    return text % {"at": placed}


def _describe_not_accepted(lookup: OrderLookup, data: AttributionData) -> str:
    since = data.find_applicable_version(lookup.affiliate.pk, _get_decisive_time(lookup)).paused_since
    version = (
        AgreementVersion.objects.published().filter(effective_at=since).order_by("number").last() if since else None
    )
    if since is None or version is None:
        text = _(
            "%(when)s you had not accepted the new version of the agreement, according to our records when the shop"
            " reported the order."
        )
        return text % {"when": _describe_time(lookup)}
    text = _(
        "%(when)s your links and coupons were paused: version %(name)s of the agreement had taken effect on %(since)s,"
        " and you had not accepted it."
    )
    return text % {
        "when": _describe_time(lookup),
        "name": version.name,
        "since": format_program_time(since),
    }


def _describe_breach(lookup: OrderLookup, data: AttributionData) -> str:
    history = data.histories.get(lookup.affiliate.pk, ())
    ended = max(change.at for change in history if change.breach and change.at <= lookup.order.placed_at)
    text = _("Your agreement was terminated for breach on %(ended)s. The order was placed after that, on %(placed)s.")
    values = {"ended": ended, "placed": lookup.order.placed_at}
    return text % {name: format_program_time(at) for name, at in values.items()}


def _describe_program_ended(lookup: OrderLookup, data: AttributionData) -> str:
    ended = format_program_time(data.program_ends_at or _get_decisive_time(lookup))
    return _("%(when)s the program had already ended, on %(ended)s.") % {
        "when": _describe_time(lookup),
        "ended": ended,
    }


_DESCRIBERS: dict[Reason, Callable[[OrderLookup, AttributionData], str]] = {
    Reason.CLICK_EXPIRED: describe_window,
    Reason.CLICK_AFTER_ORDER: _describe_after_order,
    Reason.NOT_ACTIVE: _describe_not_active,
    Reason.NO_AGREEMENT: _describe_no_agreement,
    Reason.NOT_ACCEPTED: _describe_not_accepted,
    Reason.BREACH: _describe_breach,
    Reason.PROGRAM_ENDED: _describe_program_ended,
}
