"""The search of staff over affiliates, orders, payouts, coupons, links and agreement versions (specification 10).

Every part reads an index, by the beginning of a number or code, so that it is quick in the largest program.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, NamedTuple
from urllib.parse import urlencode

from django.contrib import admin
from django.db.models import Model, QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import Promise
from django.utils.text import capfirst
from django.utils.translation import gettext as _

from affiliates.affiliate_search import search_affiliates
from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from lib.formatting import format_date
from lib.text import clean_code, fold_code
from payouts.models import Payout
from tracking.models import Coupon, Link, Order
from tracking.orders.order_lookup import match_order_number

# Of each kind; the list of the kind shows the others.
MAX_SHOWN = 5
# Longer than any number, code, name or address.
MAX_LENGTH = 200


class Hit(NamedTuple):
    """A page that the search found."""

    title: str
    description: str
    link: str
    icon: str


class Part(NamedTuple):
    """The search in one kind of row: which rows match, and what is said about each."""

    model: type[Model]
    icon: str
    find: Callable[[str], Iterable[Any]]
    describe: Callable[[Any], str | Promise]


def search(request: HttpRequest, text: str, pages: Iterable[dict[str, Any]]) -> list[Hit]:
    """Return the rows and the `pages` of the menu that match `text` and that the user may see."""
    text = clean_code(text)
    if not text or "\0" in text or len(text) > MAX_LENGTH:
        return []
    hits = _search_menu(text, pages)
    for part in PARTS:
        if admin.site.get_model_admin(part.model).has_view_permission(request):
            hits += _search_part(part, text)
    return hits


def _search_menu(text: str, groups: Iterable[dict[str, Any]]) -> list[Hit]:
    return [
        Hit(str(page["title"]), str(group.get("title") or _("Page")), str(page["link"]), str(page.get("icon", "")))
        for group in groups
        for page in group["items"]
        if text.lower() in str(page["title"]).lower()
    ]


def _search_part(part: Part, text: str) -> list[Hit]:
    rows: Sequence[Any] = list(part.find(text))
    name = str(part.model._meta.verbose_name)
    hits = [
        Hit(
            str(row),
            ", ".join(filter(None, (capfirst(name), str(part.describe(row))))),
            reverse(f"admin:{part.model._meta.app_label}_{part.model._meta.model_name}_change", args=[row.pk]),
            part.icon,
        )
        for row in rows[:MAX_SHOWN]
    ]
    if len(rows) > MAX_SHOWN:
        hits.append(_build_more(part, text))
    return hits


def _build_more(part: Part, text: str) -> Hit:
    title = _("More %(kind)s") % {"kind": part.model._meta.verbose_name_plural}
    address = reverse(f"admin:{part.model._meta.app_label}_{part.model._meta.model_name}_changelist")
    return Hit(title, _("the list with this search"), f"{address}?{urlencode({'q': text})}", part.icon)


def _limit(rows: QuerySet[Any]) -> QuerySet[Any]:
    return rows[: MAX_SHOWN + 1]


def _find_affiliates(text: str) -> list[Affiliate]:
    return search_affiliates(text, limit=MAX_SHOWN + 1)


def _find_orders(text: str) -> QuerySet[Order]:
    return _limit(Order.objects.filter(match_order_number(text)).select_related("affiliate").order_by("order_id"))


def _find_payouts(text: str) -> QuerySet[Payout]:
    return _limit(
        Payout.objects.filter(reference__startswith=text.upper()).select_related("affiliate").order_by("reference")
    )


def _find_coupons(text: str) -> QuerySet[Coupon]:
    rows = Coupon.objects.filter(key__startswith=fold_code(text)).select_related("affiliate")
    return _limit(rows.order_by("key", "assigned_from"))


def _find_links(text: str) -> QuerySet[Link]:
    return _limit(Link.objects.filter(code__startswith=text).select_related("affiliate").order_by("code"))


def _find_versions(text: str) -> QuerySet[AgreementVersion]:
    # There are few.
    return _limit(AgreementVersion.objects.filter(name__icontains=text).order_by("-number", "-pk"))


def _describe_version(version: AgreementVersion) -> str:
    if version.effective_at is None:
        return _("draft")
    return _("from %(day)s") % {"day": format_date(version.effective_at.date())}


PARTS = (
    Part(Affiliate, "group", _find_affiliates, lambda row: f"{row.email}, {row.state_text}"),
    Part(Order, "shopping_bag", _find_orders, lambda row: f"{row.affiliate or _('no affiliate')}"),
    Part(Payout, "payments", _find_payouts, lambda row: f"{row.affiliate}, {row.get_state_display()}"),
    Part(Coupon, "confirmation_number", _find_coupons, lambda row: str(row.affiliate)),
    Part(Link, "link", _find_links, lambda row: f"{row.code}, {row.affiliate}"),
    Part(AgreementVersion, "contract", _find_versions, _describe_version),
)
