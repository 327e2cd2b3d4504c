"""Template tags that are built into every template: money, times, statuses and clauses."""

import re
from datetime import date, datetime
from decimal import Decimal, InvalidOperation
from ipaddress import ip_address
from typing import Any
from zoneinfo import ZoneInfo

from django import template
from django.conf import settings
from django.contrib.admin.views.main import PAGE_VAR
from django.urls import NoReverseMatch, reverse
from django.utils import timezone
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext as _

from agreements.category_names import CategoryNames
from agreements.clauses import get_clause_number
from agreements.models import AgreementVersion
from agreements.rules import TERM_RULES, Rule
from lib import formatting
from lib.components import render_copy_field, render_status, shorten
from portal import empty_lists, frame
from tracking.models import Order, Status

register = template.Library()
_HYPHENATED = re.compile(r"\be-mails?\b", re.IGNORECASE)


@register.simple_tag(takes_context=True)
def find_passkey_address(context: dict[str, Any]) -> dict[str, object]:
    """Return whether the page was opened by an IP address, where no passkey works, and its URL at localhost if any.

    Only the trial installation (`DEBUG`) is known to be served at localhost, too.
    """
    host, _colon, port = context["request"].get_host().rpartition(":")
    if not port.isdecimal():
        host, port = context["request"].get_host(), ""
    try:
        address = ip_address(host.strip("[]"))
    except ValueError:
        return {"is_ip": False, "url": ""}
    path = context["request"].get_full_path()
    url = f"http://localhost{':' if port else ''}{port}{path}" if settings.DEBUG and address.is_loopback else ""
    return {"is_ip": True, "url": url}


def get_currency() -> str:
    """Return the program's currency, read at most once a request; "" before the first agreement."""
    current = frame.current_frame.get()
    if current is not None:
        return current.currency
    return AgreementVersion.objects.published().values_list("currency", flat=True).first() or ""


def get_zone() -> ZoneInfo:
    """Return the time zone of the page, the program's."""
    current = frame.current_frame.get()
    return ZoneInfo(current.zone if current is not None else settings.TIME_ZONE)


@register.filter
def money(amount: Decimal | str | int | None, currency: str = "") -> str:
    """Show an amount with two decimals and its currency, the program's by default: "1,234.50 USD"."""
    if amount is None or amount == "":
        return ""
    try:
        value = Decimal(amount)
    except (InvalidOperation, TypeError, ValueError):
        return ""
    # A no-break space, so that a line break never parts an amount from its currency.
    return formatting.format_money(value, currency or get_currency()).replace(" ", "\u00a0")


@register.filter
def amount(value: Decimal | None) -> str:
    """Show an amount without its currency, in a table that says it once: "1,234.50"."""
    return "" if value is None else formatting.format_money(value, "")


@register.simple_tag
def currency() -> str:
    return get_currency()


@register.filter
def percent(rate: Decimal | str | None) -> str:
    """Show a rate with two decimals: "8.50 %"."""
    return "" if rate is None or rate == "" else formatting.format_percent(Decimal(rate))


@register.filter
def is_negative(amount: Decimal | None) -> bool:
    return amount is not None and Decimal(amount) < 0


@register.filter
def moment(at: datetime | None) -> SafeString | str:
    """Show a time in the program's time zone, as a `<time>`: "3 Nov 2025, 14:05 CET"."""
    if at is None:
        return ""
    return format_html('<time datetime="{}">{}</time>', at.isoformat(), formatting.format_datetime(at, get_zone()))


@register.filter
def day(at: datetime | date | None) -> SafeString | str:
    """Show the day of `at` in the program's time zone, as a `<time>`: "3 Nov 2025"."""
    if at is None:
        return ""
    local: date = timezone.localtime(at, get_zone()) if isinstance(at, datetime) else at
    return format_html('<time datetime="{}">{}</time>', f"{local:%Y-%m-%d}", formatting.format_date(local))


@register.filter
def month(period: date | None) -> str:
    """Show a month, given by its first day: "November 2025"."""
    return "" if period is None else formatting.format_month(period)


@register.simple_tag
def status(value: str, label: str = "") -> SafeString:
    """Return a status as a chip: a word with a color, never a color alone."""
    return render_status(value, label)


@register.simple_tag
def order_status(order: Order) -> SafeString:
    """Return an order's status for its affiliate, without suggesting that "paid" means that the affiliate was paid."""
    if order.status == Status.PAID:
        shown = status("placed", _("paid, awaiting completion"))
    else:
        shown = status(order.status, order.get_status_display())
    # Where the list knows whether a commission of the order is held.
    return format_html("{} {}", shown, status("held", _("held"))) if getattr(order, "is_held", False) else shown


@register.simple_tag
def clause(agreement: Any, number: str, figure: str = "") -> SafeString | str:
    """Return a link to the clause `number` of `agreement`, a version or its id; its text is `figure` if given.

    Without a version or a number, return `figure` alone.
    """
    if not agreement or not number:
        return figure
    address = _build_clause_url(agreement, number)
    if figure:
        return format_html('<a class="figure-link" href="{}">{}</a>', address, figure)
    return format_html('<a class="clause" href="{}">{}</a>', address, _("clause %s") % number)


def _build_clause_url(agreement: Any, number: str) -> str:
    # A draft has no page of its own: the link stays on the page that previews it.
    is_draft = getattr(agreement, "published_at", agreement) is None
    page = "" if is_draft else reverse("agreements:version", args=[getattr(agreement, "pk", agreement)])
    return f"{page}#clause-{number}"


@register.simple_tag
def term_clause(agreement: Any, term: str) -> SafeString | str:
    """Return a link to the clause of `agreement` that states `term`, which may be a rule; "" without a version."""
    return clause(agreement, _find_clause(agreement, term))


@register.simple_tag
def figure(agreement: Any, term: str, text: str) -> SafeString | str:
    """Return `text`, a figure that comes from `term`, as a link to the clause of `agreement` that states it."""
    return clause(agreement, _find_clause(agreement, term), text)


def build_term_url(agreement: AgreementVersion, term: str) -> str:
    """Return the address of the clause of `agreement` that states `term`."""
    return _build_clause_url(agreement, _find_clause(agreement, term))


def _find_clause(agreement: Any, term: str) -> str:
    return (
        get_clause_number(getattr(agreement, "pk", agreement), TERM_RULES.get(term) or Rule(term)) if agreement else ""
    )


@register.simple_tag
def hold_link(source: str) -> SafeString | str:
    """Return a link to the review that holds a commission, by the hold's `source`; "" for any other source."""
    kind, _colon, pk = source.partition(":")
    try:
        address = reverse("compliance:review", args=[pk]) if kind == "review" else ""
    except NoReverseMatch:
        address = ""
    return format_html('<a href="{}">{}</a>', address, _("See the review")) if address else ""


@register.simple_tag
def copy_field(text: str, label: str, *, short: bool = False) -> SafeString:
    """Return `text` with a button that copies it; `label` names it. `short` shows only the ends of a long one."""
    return render_copy_field(text, label, shown=shorten(text) if short else "")


@register.simple_tag
def program_name() -> str:
    return str(settings.PROGRAM_NAME)


@register.simple_tag
def contact_email() -> str:
    """Return the program's contact address; error pages have no frame."""
    return str(settings.CONTACT_EMAIL)


@register.filter
def category(code: str, names: CategoryNames) -> str:
    """Show the display name of a category: "Home decor" for "home-decor"."""
    return names[code]


@register.filter
def unbroken(text: str) -> SafeString:
    """Keep the hyphen of "e-mail" from ending a line of a heading. The text stays as it is for searching and copying."""
    return SafeString(_HYPHENATED.sub(r'<span class="unbroken">\g<0></span>', conditional_escape(text)))


@register.filter
def unlocalized(amount: Decimal | None) -> str:
    """Show an amount for machines, without separators or currency: "1234.50"."""
    return "" if amount is None else f"{Decimal(amount):.2f}"


@register.simple_tag
def keyset_page(cl: Any, page: str) -> str:
    """Return the query string of another page of a list in the admin; "" is the first."""
    return str(cl.get_query_string({PAGE_VAR: page} if page else {}, [] if page else [PAGE_VAR]))


@register.simple_tag
def empty_list_text(label: str) -> str:
    """Return what the empty list of the model `label` says."""
    return str(empty_lists.TEXTS.get(label, empty_lists.DEFAULT))
