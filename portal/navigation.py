"""The navigation menu for visitors, for affiliates in each state and for staff."""

from typing import TYPE_CHECKING, NamedTuple

from django.urls import reverse
from django.utils.translation import gettext as _

if TYPE_CHECKING:
    from portal.frame import Frame


class Item(NamedTuple):
    label: str
    address: str
    is_current: bool = False
    has_todo: bool = False
    is_primary: bool = False
    unread: int = 0


class Group(NamedTuple):
    label: str
    items: list[Item]


def build_menu(frame: "Frame") -> list[Group]:
    """Return the menu groups for the reader of `frame`, with the current page marked."""
    user = getattr(frame.request, "user", None)
    if user is None or not user.is_authenticated:
        groups = _build_visitor_menu()
    elif frame.affiliate is not None:
        groups = _build_affiliate_menu(frame)
    else:
        groups = _build_staff_menu(user.is_staff)
    return [Group(label, _mark_current(items, frame.request.path)) for label, items in groups]


def _build_visitor_menu() -> list[Group]:
    items = [
        Item(_("The program"), reverse("portal:landing")),
        Item(_("Agreement"), reverse("agreements:current")),
        Item(_("Sign in"), reverse("account_login")),
        Item(_("Apply"), reverse("portal:apply"), is_primary=True),
    ]
    return [Group("", items)]


def _build_staff_menu(is_staff: bool) -> list[Group]:
    items = [Item(_("The program"), reverse("portal:landing")), Item(_("Agreement"), reverse("agreements:current"))]
    if is_staff:
        items.append(Item(_("Admin"), reverse("admin:index"), is_primary=True))
    return [Group("", [*items, Item(_("Security"), reverse("portal:security"))])]


def _build_affiliate_menu(frame: "Frame") -> list[Group]:
    state = frame.affiliate.state if frame.affiliate else ""
    you = Group(
        _("You"),
        [
            Item(_("Profile"), reverse("portal:profile")),
            Item(_("E-mail choices"), reverse("portal:notifications")),
            Item(_("Security"), reverse("portal:security")),
            Item(_("My data"), reverse("portal:my_data")),
        ],
    )
    home = Group(
        "",
        [
            Item(_("Home"), reverse("portal:home")),
            Item(_("Notifications"), reverse("messaging:notifications"), unread=frame.unread_notifications),
            Item(_("Messages"), reverse("messaging:conversations")),
        ],
    )
    agreement = Group(
        _("Agreement"),
        [Item(_("My agreement"), reverse("portal:agreement"), has_todo=frame.version_to_accept is not None)],
    )
    if state in ("applied", "rejected"):
        return [home, you]
    if state == "approved":
        return [home, Group(_("Promote"), _list_promotion_items(state)), agreement, you]
    agreement.items.append(Item(_("Reviews"), reverse("compliance:reviews"), has_todo=frame.has_review_to_answer))
    return [
        home,
        Group(_("Promote"), _list_promotion_items(state)),
        Group(_("Money"), _list_money_items()),
        agreement,
        you,
    ]


def _list_promotion_items(state: str) -> list[Item]:
    channels = Item(_("Channels"), reverse("affiliates:channels"))
    if state == "approved":
        return [channels]
    links = Item(_("Links and coupons"), reverse("tracking:links"))
    creatives = Item(_("Creatives"), reverse("creatives:creatives"))
    return [links, creatives, Item(_("Reports"), reverse("payouts:reports")), channels]


def _list_money_items() -> list[Item]:
    return [
        Item(_("Commissions"), reverse("payouts:commissions")),
        Item(_("Statements"), reverse("payouts:statements")),
        Item(_("Payouts"), reverse("payouts:payouts")),
        Item(_("Payout details"), reverse("payouts:details")),
    ]


def _mark_current(items: list[Item], path: str) -> list[Item]:
    """Mark the item whose address is the longest prefix of `path`."""
    matching = [
        item.address
        for item in items
        if path == item.address or (item.address != "/" and path.startswith(item.address))
    ]
    longest = max(matching, key=len, default=None)
    return [item._replace(is_current=item.address == longest) for item in items]
