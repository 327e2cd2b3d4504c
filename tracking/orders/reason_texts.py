"""Why an order that would have been an affiliate's is nobody's, in words: by the reason that attribution kept with it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.models import State
from affiliates.status_history import get_state_at
from agreements.models import AgreementVersion
from lib.formatting import format_datetime_for, format_duration
from tracking.models import Reason
from tracking.orders.attribution import AttributionData
from tracking.orders.order_lookup import OrderLookup

_STATE_TEXTS = {
    None: gettext_lazy("%(when)s you did not take part yet."),
    State.APPLIED: gettext_lazy("%(when)s your application had not been decided yet."),
    State.APPROVED: gettext_lazy("%(when)s you had not accepted the agreement yet."),
    State.SUSPENDED: gettext_lazy("%(when)s you had been suspended since %(since)s."),
    State.LEAVING: gettext_lazy("%(when)s you had been leaving the program since %(since)s."),
    State.TERMINATED: gettext_lazy("%(when)s your participation had ended. Its end was on %(since)s."),
    State.REJECTED: gettext_lazy("%(when)s your application had been rejected."),
    # Their history says otherwise today: a change was recorded later, with an earlier date.
    State.ACTIVE: gettext_lazy("%(when)s you were not active, by what was recorded when the shop reported the order."),
}


def describe_reason(asked: OrderLookup, claims: AttributionData) -> str:
    """A sentence or two, with the moments in the affiliate's zone, for an order that was judged (`Asked.is_denied`)."""
    return _DESCRIBERS[Reason(asked.order.reason)](asked, claims)


def _get_decisive_time(asked: OrderLookup) -> datetime:
    return asked.order.clicked_at or asked.order.placed_at


def _describe_time(asked: OrderLookup) -> str:
    at = format_datetime_for(_get_decisive_time(asked), asked.affiliate)
    if asked.order.link_id:
        return _("When the customer clicked on your link “%(link)s”, on %(at)s,") % {"link": asked.order.link, "at": at}
    return _("When the order was placed with your coupon %(code)s, on %(at)s,") % {
        "code": asked.current_references.code,
        "at": at,
    }


def _build_click_context(asked: OrderLookup) -> dict[str, object]:
    clicked_at, placed_at = _get_decisive_time(asked), asked.order.placed_at
    return {
        "link": asked.order.link,
        "at": format_datetime_for(clicked_at, asked.affiliate),
        "apart": format_duration(abs(placed_at - clicked_at)),
    }


def _describe_expired(asked: OrderLookup, claims: AttributionData) -> str:
    days = claims.attribution_days[asked.order.agreement_id] if asked.order.agreement_id else 0
    window = ngettext("%d day", "%d days", days) % days
    over = asked.order.placed_at - _get_decisive_time(asked) - timedelta(days=days)
    told = _build_click_context(asked)
    if over < timedelta(minutes=1):
        # The two largest units would be those of the window itself.
        told["apart"] = _("%(window)s and %(over)s") % {"window": window, "over": format_duration(over)}
    text = _(
        "The customer clicked on your link “%(link)s” on %(at)s, %(apart)s before the order. The window is %(window)s."
    )
    return text % {**told, "window": window}


def _describe_after_order(asked: OrderLookup, _claims: AttributionData) -> str:
    text = _(
        "The click on your link “%(link)s” was on %(at)s, %(apart)s after the order was placed. Only a click before the"
        " order counts."
    )
    return text % _build_click_context(asked)


def _describe_not_active(asked: OrderLookup, claims: AttributionData) -> str:
    history, moment = claims.histories.get(asked.affiliate.pk, ()), _get_decisive_time(asked)
    since = max((change.at for change in history if change.at <= moment), default=moment)
    told = {"when": _describe_time(asked), "since": format_datetime_for(since, asked.affiliate)}
    return str(_STATE_TEXTS[get_state_at(history, moment)]) % told


def _describe_no_agreement(asked: OrderLookup, _claims: AttributionData) -> str:
    placed = format_datetime_for(asked.order.placed_at, asked.affiliate)
    text = _("When the order was placed, on %(at)s, no version of the agreement that you had accepted was in effect.")
    return text % {"at": placed}


def _describe_not_accepted(asked: OrderLookup, claims: AttributionData) -> str:
    since = claims.find_applicable_version(asked.affiliate.pk, _get_decisive_time(asked)).paused_since
    version = (
        AgreementVersion.objects.published().filter(effective_at=since).order_by("number").last() if since else None
    )
    if since is None or version is None:
        text = _(
            "%(when)s you had not accepted the new version, by what was recorded when the shop reported the order."
        )
        return text % {"when": _describe_time(asked)}
    text = _(
        "%(when)s your links and coupons were paused: version %(name)s of the agreement had taken effect on %(since)s, and"
        " you had not accepted it."
    )
    return text % {
        "when": _describe_time(asked),
        "name": version.name,
        "since": format_datetime_for(since, asked.affiliate),
    }


def _describe_breach(asked: OrderLookup, claims: AttributionData) -> str:
    history = claims.histories.get(asked.affiliate.pk, ())
    ended = max(change.at for change in history if change.breach and change.at <= asked.order.placed_at)
    text = _("Your agreement was ended for breach on %(ended)s. The order was placed after that, on %(placed)s.")
    told = {"ended": ended, "placed": asked.order.placed_at}
    return text % {name: format_datetime_for(at, asked.affiliate) for name, at in told.items()}


def _describe_program_ended(asked: OrderLookup, claims: AttributionData) -> str:
    ended = format_datetime_for(claims.program_ends_at or _get_decisive_time(asked), asked.affiliate)
    return _("%(when)s the program had ended. Its end was on %(ended)s.") % {
        "when": _describe_time(asked),
        "ended": ended,
    }


_DESCRIBERS: dict[Reason, Callable[[OrderLookup, AttributionData], str]] = {
    Reason.CLICK_EXPIRED: _describe_expired,
    Reason.CLICK_AFTER_ORDER: _describe_after_order,
    Reason.NOT_ACTIVE: _describe_not_active,
    Reason.NO_AGREEMENT: _describe_no_agreement,
    Reason.NOT_ACCEPTED: _describe_not_accepted,
    Reason.BREACH: _describe_breach,
    Reason.PROGRAM_ENDED: _describe_program_ended,
}
