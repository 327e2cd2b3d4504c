"""The tabs on the page of an affiliate, each read when it is opened and offered to staff who may see its rows."""

from collections.abc import Sequence

from django.contrib.auth.base_user import AbstractBaseUser
from django.contrib.auth.models import AnonymousUser
from django.utils.translation import gettext_lazy

from accounts.models import User
from portal.affiliate_page import (
    application_tables,
    money_tables,
    personal_data_tables,
    record_tables,
    status_table,
    timeline,
    tracking_tables,
)
from portal.affiliate_page.tables import Tab, Table

OVERVIEW = Tab(
    "overview",
    gettext_lazy("Overview"),
    (
        *(record_tables.NOTES, record_tables.CHANNELS),
        *(application_tables.ANSWERS, application_tables.RULE_CHECKS),
        status_table.STATUS_HISTORY,
    ),
)
TABS: Sequence[Tab] = (
    OVERVIEW,
    Tab("links", gettext_lazy("Links"), (tracking_tables.LINKS, tracking_tables.COUPONS)),
    Tab("orders", gettext_lazy("Orders"), (tracking_tables.ORDERS,)),
    Tab("commissions", gettext_lazy("Commissions"), (money_tables.COMMISSIONS,)),
    Tab("statements", gettext_lazy("Statements"), (money_tables.STATEMENTS, money_tables.ADJUSTMENTS)),
    Tab("payouts", gettext_lazy("Payouts"), (money_tables.PAYOUTS, money_tables.DETAILS, money_tables.HOLDS)),
    Tab(
        "agreements",
        gettext_lazy("Agreements"),
        (record_tables.VERSIONS, record_tables.ACCEPTANCES, record_tables.DECLINES),
    ),
    Tab("reviews", gettext_lazy("Reviews"), (record_tables.REVIEWS, record_tables.SIGNALS)),
    Tab("mails", gettext_lazy("E-mails"), (record_tables.MESSAGES,)),
    Tab("audit", gettext_lazy("Timeline"), (timeline.TIMELINE,)),
    Tab("personal_data", gettext_lazy("Personal data"), (personal_data_tables.REQUEST, personal_data_tables.STORED)),
)


def find_tab(slug: str) -> Tab | None:
    """Return the tab with this name; the overview for ""."""
    return next((tab for tab in TABS if tab.slug == slug), None) if slug else OVERVIEW


def list_tabs(user: User | AbstractBaseUser | AnonymousUser) -> list[Tab]:
    """Return the tabs with a table that `user` may see. The overview has the profile, too, so that it is always one."""
    return [tab for tab in TABS if tab is OVERVIEW or list_tables(tab, user)]


def list_tables(tab: Tab, user: User | AbstractBaseUser | AnonymousUser) -> list[Table]:
    """Return the tables of `tab` that `user` may see."""
    return [table for table in tab.tables if user.has_perm(table.permission)]  # type: ignore[union-attr]
