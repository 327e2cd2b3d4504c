"""Tables of an affiliate's commissions, statements and payouts."""

from collections.abc import Iterable
from typing import Any

import django_tables2 as tables
from django.urls import reverse
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from agreements.category_names import CategoryNames
from lib.components import render_copy_field, shorten
from lib.formatting import format_day, format_month
from lib.typed import Table
from payouts.models import Commission, Payout, Statement
from payouts.reporting.commission_list import STATE_LABELS

AMOUNT_ATTRS = {"th": {"class": "money"}, "td": {"class": "money"}}


def build_amount_column(field: str, label: Any) -> tables.TemplateColumn:
    """Return a column of amounts in the program's currency."""
    return tables.TemplateColumn("{{ record." + field + "|money }}", verbose_name=label, attrs=AMOUNT_ATTRS)


def build_bare_amount_column(field: str, label: Any) -> tables.TemplateColumn:
    """Return a column of amounts without the currency, for a page that names it above the table."""
    return tables.TemplateColumn("{{ record." + field + "|amount }}", verbose_name=label, attrs=AMOUNT_ATTRS)


class CommissionTable(Table):
    order = tables.Column(verbose_name=_("Order"))
    placed = tables.TemplateColumn("{{ record.placed_at|moment }}", verbose_name=_("Placed"))
    category = tables.Column(verbose_name=_("Category"))
    base = build_amount_column("base", _("Base"))
    rate = tables.TemplateColumn(
        "{% clause record.agreement_id record.clause record.rate|percent %}", verbose_name=_("Rate"), attrs=AMOUNT_ATTRS
    )
    amount = build_amount_column("amount", _("Commission"))
    state = tables.Column(verbose_name=_("State"))
    settled = build_amount_column("settled", _("Commissions"))

    class Meta:
        empty_text = _("No commissions yet. Share a link: the first order appears within minutes.")

    def __init__(self, rows: Iterable[Commission], category_names: CategoryNames, *, is_filtered: bool = False) -> None:
        self.category_names = category_names
        super().__init__(rows, orderable=False)
        if is_filtered:
            clear = (reverse("payouts:commissions"), _("Clear filters"))
            self.empty_text = format_html('{} <a href="{}">{}</a>', _("No commissions match these filters."), *clear)

    def render_category(self, value: str) -> str:
        return self.category_names[value]

    def render_order(self, record: Commission) -> SafeString:
        address = reverse("payouts:order", args=[record.order_id])
        return format_html(
            '<span><a href="{}">{}</a> <span class="soft">{}</span></span>',
            *(address, record.order, _("line %s") % record.line.line_id),
        )

    def render_state(self, value: str) -> SafeString:
        return render_chip(value, STATE_LABELS[value])


class StatementTable(Table):
    month = tables.Column(accessor="close__period", verbose_name=_("Month"))
    number = tables.Column(verbose_name=_("No."), attrs=AMOUNT_ATTRS)
    opening = build_bare_amount_column("opening", _("Opening"))
    settled = build_bare_amount_column("settled", _("Commissions"))
    adjustments = build_bare_amount_column("adjustments", _("Adjustments"))
    returned = build_bare_amount_column("returned", _("Returned"))
    payout = build_bare_amount_column("payout", _("Payout"))
    closing = build_bare_amount_column("closing", _("Closing"))

    class Meta:
        empty_text = _("No statement yet. You get one for the first month in which a commission is settled.")

    def render_month(self, record: Statement) -> SafeString:
        address = reverse("payouts:statement", args=[record.pk])
        return format_html('<a href="{}">{}</a>', address, format_month(record.close.period))


class PayoutTable(Table):
    created = tables.TemplateColumn("{{ record.created_at|day }}", verbose_name=_("Created"))
    amount = build_bare_amount_column("amount", _("Amount"))
    state = tables.Column(verbose_name=_("State"))
    destination = tables.TemplateColumn(
        "{{ record.details.get_method_display }} {{ record.details.masked }}", verbose_name=_("To")
    )
    reference = tables.Column(verbose_name=_("Reference"))
    statement = tables.Column(verbose_name=_("Statement"), default="")

    class Meta:
        empty_text = _("No payout yet. The monthly close pays your balance once it reaches the payout threshold.")

    def render_reference(self, value: str) -> SafeString:
        return render_copy_field(value, _("the reference"), shown=shorten(value))

    def render_state(self, record: Payout) -> SafeString:
        chip, note = render_chip(*get_affiliate_state(record.state)), record.failure
        if record.paid_at:
            paid = _("on %s") % format_day(record.paid_at, record.affiliate)
            note = f"{paid}. {note}" if note else paid
        return format_html('<span>{} <span class="small soft">{}</span></span>', chip, note) if note else chip

    def render_statement(self, value: Statement) -> SafeString:
        return format_html('<a href="{}">{}</a>', reverse("payouts:statement", args=[value.pk]), value.number)


def get_affiliate_state(state: str) -> tuple[str, Any]:
    """Return a payout's state and label for its affiliate, to whom every state before "sent" is the same."""
    if state in (Payout.State.DRAFT, Payout.State.SUBMITTED, Payout.State.APPROVED):
        return "waiting", _("being prepared")
    return state, Payout.State(state).label


def render_chip(value: str, label: Any) -> SafeString:
    """Return a state as a chip: a word with a color."""
    tones = {"validated": "good", "paid": "good", "pending": "warn", "held": "warn", "waiting": "warn"}
    tone = tones.get(value, "bad" if value in ("void", "forfeited", "failed", "cancelled") else "calm")
    return format_html('<span class="chip chip-{}">{}</span>', tone, label)
