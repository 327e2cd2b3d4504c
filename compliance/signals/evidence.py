"""The evidence of a signal for people: sentences, what was seen beside its limit, and the orders that it names."""

from collections.abc import Callable, Mapping
from datetime import date
from decimal import Decimal
from typing import Any, NamedTuple

from django.conf import settings
from django.utils.translation import gettext as _

from affiliates.models import Affiliate
from compliance.models import Signal
from lib.formatting import format_date

Kind = Signal.Kind
# The limits that a signal was raised by, in its evidence.
LIMITS = "limits"


class Measure(NamedTuple):
    """Something that was counted: what, the limit from which it raises a signal, and how much was seen."""

    name: str
    limit: str
    seen: str


class Evidence(NamedTuple):
    sentence: str
    measures: list[Measure]
    orders: list[str]


def get_limits(kind: Signal.Kind) -> dict[str, int]:
    """Return the limits in force for signals of `kind`."""
    limits = {
        Kind.SAME_PAYOUT_DETAILS: {"affiliates": settings.SIGNAL_SAME_PAYOUT_DETAILS},
        Kind.SELF_PURCHASE: {"orders": settings.SIGNAL_SELF_PURCHASES},
        Kind.CLICK_FLOODING: {"clicks": settings.SIGNAL_CLICKS_FROM_ONE_NETWORK},
        Kind.QUICK_ORDERS: {"orders": settings.SIGNAL_QUICK_ORDERS},
        Kind.CONVERSION: {
            "percent": settings.SIGNAL_CONVERSION_PERCENT,
            "without_order": settings.SIGNAL_CLICKS_WITHOUT_ORDER,
        },
        Kind.UNDECLARED_SITES: {"clicks": settings.SIGNAL_UNDECLARED_CLICKS},
    }
    return limits.get(kind, {})


def remove_limits(evidence: Mapping[str, Any]) -> dict[str, Any]:
    """Return what was seen: a signal is not raised again for it because a limit has changed."""
    return {key: value for key, value in evidence.items() if key != LIMITS}


def describe_evidence(signal: Signal) -> Evidence | None:
    """Return the evidence of `signal` for staff; None if it has none, or it has been erased."""
    seen = remove_limits(signal.evidence)
    # Signals of earlier releases did not keep their limits.
    limits = signal.evidence.get(LIMITS) or get_limits(Kind(signal.kind))
    if not any(seen.values()):
        return None
    try:
        return _DESCRIPTIONS[Kind(signal.kind)](seen, limits)
    except (KeyError, TypeError, ValueError, AttributeError, ArithmeticError):
        # Partly erased, or from another release.
        return Evidence("", [Measure(key, "", str(value)) for key, value in seen.items()], [])


def _describe_same_details(seen: Any, limits: Any) -> Evidence:
    codes = list(seen["affiliates"])
    names = {affiliate.code: str(affiliate) for affiliate in Affiliate.objects.filter(code__in=codes)}
    sentence = _("%(count)d affiliates are paid to %(account)s: %(names)s.") % {
        "count": len(codes), "account": seen["account"], "names": ", ".join(names.get(code, code) for code in codes),
    }  # fmt: skip
    return Evidence(sentence, [Measure(_("Affiliates"), f"{limits['affiliates']:,}", f"{len(codes):,}")], [])


def _describe_self_purchase(seen: Any, limits: Any) -> Evidence:
    sentence = _("The customer of these orders has the affiliate's own e-mail address or code.")
    return Evidence(sentence, [_measure_orders(seen, limits)], list(seen["examples"]))


def _describe_click_flooding(seen: Any, limits: Any) -> Evidence:
    sentence = _("Clicks came from the network %(network)s on %(day)s (UTC).") % {
        "network": seen["network"], "day": format_date(date.fromisoformat(seen["day"])),
    }  # fmt: skip
    return Evidence(sentence, [Measure(_("Clicks on that day"), f"{limits['clicks']:,}", f"{seen['clicks']:,}")], [])


def _describe_quick_orders(seen: Any, limits: Any) -> Evidence:
    sentence = _("Orders were placed less than %(seconds)s seconds after their click.") % {
        "seconds": seen["within_seconds"]
    }
    return Evidence(sentence, [_measure_orders(seen, limits)], list(seen["examples"]))


def _measure_orders(seen: Any, limits: Any) -> Measure:
    return Measure(_("Orders"), f"{limits['orders']:,}", f"{seen['orders']:,}")


def _describe_conversion(seen: Any, limits: Any) -> Evidence:
    clicks, orders = int(seen["clicks"]), int(seen["orders"])
    if not orders:
        sentence = _("Many clicks led to no order.")
        return Evidence(
            sentence, [Measure(_("Clicks without an order"), f"{limits['without_order']:,}", f"{clicks:,}")], []
        )
    rate = Decimal(orders * 100) / clicks
    sentence = _("%(orders)s orders came from %(clicks)s clicks.") % {"orders": f"{orders:,}", "clicks": f"{clicks:,}"}
    return Evidence(sentence, [Measure(_("Conversion rate"), f"{limits['percent']} %", f"{rate:.1f} %")], [])


def _describe_undeclared_sites(seen: Any, limits: Any) -> Evidence:
    sites = sorted(seen["clicks_by_site"].items(), key=lambda item: (-item[1], item[0]))
    measures = [
        Measure(_("Clicks from %(site)s") % {"site": site}, f"{limits['clicks']:,}", f"{clicks:,}")
        for site, clicks in sites
    ]
    return Evidence(_("Clicks came from sites that belong to none of the affiliate's channels."), measures, [])


def _describe_abuse_report(seen: Any, _limits: Any) -> Evidence:
    named = [text for text in (seen.get("page_url"), seen.get("link_or_coupon")) if text]
    return Evidence(_("A member of the public reported: %(named)s") % {"named": ", ".join(named)}, [], [])


_DESCRIPTIONS: dict[Signal.Kind, Callable[[Any, Any], Evidence]] = {
    Kind.ABUSE_REPORT: _describe_abuse_report,
    Kind.SAME_PAYOUT_DETAILS: _describe_same_details,
    Kind.SELF_PURCHASE: _describe_self_purchase,
    Kind.CLICK_FLOODING: _describe_click_flooding,
    Kind.QUICK_ORDERS: _describe_quick_orders,
    Kind.CONVERSION: _describe_conversion,
    Kind.UNDECLARED_SITES: _describe_undeclared_sites,
}
