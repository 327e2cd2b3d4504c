"""Why an order that would have been an affiliate's is nobody's, in words: by the reason that attribution kept with it."""

from collections.abc import Callable
from datetime import datetime, timedelta

from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy, ngettext

from affiliates.models import State
from affiliates.standing import state_at
from agreements.models import Agreement
from lib.formatting import elapsed, moment_for
from tracking.models import Reason
from tracking.orders.attribution import Claims
from tracking.orders.order_lookup import Asked

_STATES = {
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


def words(asked: Asked, claims: Claims) -> str:
    """A sentence or two, with the moments in the affiliate's zone, for an order that was judged (`Asked.judged`)."""
    return _WORDS[Reason(asked.order.reason)](asked, claims)


def _moment_that_counts(asked: Asked) -> datetime:
    return asked.order.clicked_at or asked.order.placed_at


def _when(asked: Asked) -> str:
    at = moment_for(_moment_that_counts(asked), asked.affiliate)
    if asked.order.link_id:
        return _("When the customer clicked on your link “%(link)s”, on %(at)s,") % {"link": asked.order.link, "at": at}
    return _("When the order was placed with your coupon %(code)s, on %(at)s,") % {"code": asked.now.code, "at": at}


def _click(asked: Asked) -> dict[str, object]:
    clicked_at, placed_at = _moment_that_counts(asked), asked.order.placed_at
    return {
        "link": asked.order.link,
        "at": moment_for(clicked_at, asked.affiliate),
        "apart": elapsed(abs(placed_at - clicked_at)),
    }


def _expired(asked: Asked, claims: Claims) -> str:
    days = claims.attribution_days[asked.order.agreement_id] if asked.order.agreement_id else 0
    window = ngettext("%d day", "%d days", days) % days
    over = asked.order.placed_at - _moment_that_counts(asked) - timedelta(days=days)
    told = _click(asked)
    if over < timedelta(minutes=1):
        # The two largest units would be those of the window itself.
        told["apart"] = _("%(window)s and %(over)s") % {"window": window, "over": elapsed(over)}
    text = _(
        "The customer clicked on your link “%(link)s” on %(at)s, %(apart)s before the order. The window is %(window)s."
    )
    return text % {**told, "window": window}


def _after_the_order(asked: Asked, _claims: Claims) -> str:
    text = _(
        "The click on your link “%(link)s” was on %(at)s, %(apart)s after the order was placed. Only a click before the"
        " order counts."
    )
    return text % _click(asked)


def _not_active(asked: Asked, claims: Claims) -> str:
    history, moment = claims.histories.get(asked.affiliate.pk, ()), _moment_that_counts(asked)
    since = max((change.at for change in history if change.at <= moment), default=moment)
    told = {"when": _when(asked), "since": moment_for(since, asked.affiliate)}
    return str(_STATES[state_at(history, moment)]) % told


def _no_agreement(asked: Asked, _claims: Claims) -> str:
    placed = moment_for(asked.order.placed_at, asked.affiliate)
    text = _("When the order was placed, on %(at)s, no version of the agreement that you had accepted was in effect.")
    return text % {"at": placed}


def _not_accepted(asked: Asked, claims: Claims) -> str:
    since = claims.under(asked.affiliate.pk, _moment_that_counts(asked)).paused_since
    version = Agreement.objects.published().filter(effective_at=since).order_by("number").last() if since else None
    if since is None or version is None:
        text = _(
            "%(when)s you had not accepted the new version, by what was recorded when the shop reported the order."
        )
        return text % {"when": _when(asked)}
    text = _(
        "%(when)s your links and coupons were paused: version %(name)s of the agreement had taken effect on %(since)s, and"
        " you had not accepted it."
    )
    return text % {"when": _when(asked), "name": version.name, "since": moment_for(since, asked.affiliate)}


def _breach(asked: Asked, claims: Claims) -> str:
    history = claims.histories.get(asked.affiliate.pk, ())
    ended = max(change.at for change in history if change.breach and change.at <= asked.order.placed_at)
    text = _("Your agreement was ended for breach on %(ended)s. The order was placed after that, on %(placed)s.")
    told = {"ended": ended, "placed": asked.order.placed_at}
    return text % {name: moment_for(at, asked.affiliate) for name, at in told.items()}


def _program_ended(asked: Asked, claims: Claims) -> str:
    ended = moment_for(claims.program_ends_at or _moment_that_counts(asked), asked.affiliate)
    return _("%(when)s the program had ended. Its end was on %(ended)s.") % {"when": _when(asked), "ended": ended}


_WORDS: dict[Reason, Callable[[Asked, Claims], str]] = {
    Reason.CLICK_EXPIRED: _expired,
    Reason.CLICK_AFTER_ORDER: _after_the_order,
    Reason.NOT_ACTIVE: _not_active,
    Reason.NO_AGREEMENT: _no_agreement,
    Reason.NOT_ACCEPTED: _not_accepted,
    Reason.BREACH: _breach,
    Reason.PROGRAM_ENDED: _program_ended,
}
