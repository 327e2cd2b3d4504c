"""How the figures of a report are counted, in words."""

from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Definition(NamedTuple):
    """A figure of a report and how it is counted."""

    label: str | Promise
    text: str | Promise


CLICKS = Definition(
    _("Clicks"),
    _(
        "Clicks on tracking links by people, on the day of the click. Known bots, prefetches, HEAD requests and floods "
        "from one address do not count."
    ),
)
LINK_ORDERS = Definition(
    _("Link orders"),
    _(
        "Orders credited for a click on a tracking link, by the day they were placed, without cancelled ones. An order "
        "with lines of two categories counts in each category, and once in the total."
    ),
)
COUPON_ORDERS = Definition(
    _("Coupon orders"), _("Orders credited for a coupon, counted like link orders. They need no click.")
)
CONVERSION = Definition(
    _("Conversion rate"),
    _("Link orders per 100 clicks. Coupon orders are left out. Without clicks there is none, shown as –."),
)
SALES = Definition(_("Sales"), _("What customers paid for the orders of both kinds, less refunds."))
COMMISSION = Definition(
    _("Commission"),
    _(
        "What the orders of both kinds earn as of today, before tax. Refunds and forfeited commissions are deducted, "
        "even later."
    ),
)
EPC = Definition(
    _("EPC (earnings per click)"),
    _("The commission of link orders, divided by clicks. Coupon orders are left out. Without clicks there is none."),
)
CHANGE = Definition(
    _("Change"), _("The commission less that of the previous period, which is as long and ends before this one begins.")
)
SUB_IDS = Definition(
    _("Sub-IDs and devices"),
    _("An order has those of its click. If the record of the click is lost, they are unknown, but the order counts."),
)
DEFINITIONS = (CLICKS, LINK_ORDERS, COUPON_ORDERS, CONVERSION, SALES, COMMISSION, EPC, CHANGE, SUB_IDS)
