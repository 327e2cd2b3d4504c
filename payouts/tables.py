"""Tables of an affiliate's commissions, statements and payouts. Each says its currency once, in its caption.

On phones their rows are compact: the cells' classes say what is on the first line (`title`, `state`), on the second
(`date`, `key`), and small below (`rest`); `extra` is left out, and so is an amount of 0.00 (`zero`).
"""

from collections.abc import Iterable, Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import django_tables2 as tables
from django.template import Context, Template
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext_lazy as _

from agreements.category_names import CategoryNames
from agreements.periods import format_program_day
from lib.components import build_figure_classes, render_copy_field, render_status, shorten
from lib.formatting import format_date, format_money, format_month
from lib.typed import Column, Table
from payouts.closing import payout_delay, payout_history
from payouts.closing.payout_forecast import PayoutForecast
from payouts.models import Payout, Statement
from payouts.reporting.commission_list import STATE_LABELS, Sums
from payouts.reporting.order_groups import OrderGroup, Sort

COMPACT = {"class": "table compact"}


def place(name: str) -> dict[str, Any]:
    """Return the attributes of a column whose cells are at this place of a phone's row."""
    return {"td": {"class": name}, "tf": {"class": name}}


class AmountColumn(Column):
    """A column of amounts in the program's currency, which the caption names."""

    def __init__(self, label: Any, name: str = "rest", **more: Any) -> None:
        attrs = {
            "th": {"class": "money"},
            "td": {"class": build_figure_classes("money", name)},
            "tf": {"class": f"money {name}"},
        }
        super().__init__(verbose_name=label, attrs=attrs, empty_values=(), **more)

    def render(self, value: Decimal) -> str:
        return format_money(value, "")


def _format_total(amount: Decimal) -> str:
    """Return a sum with its currency, which the frame of the page has read already."""
    return Template("{{ amount|money }}").render(Context({"amount": amount}))


class CommissionTable(Table):
    """Orders with their commissions; the last row has the sums of all that match the filters, on any page."""

    order = tables.Column(
        verbose_name=_("Order"), footer=_("Total of all pages"), orderable=False, attrs=place("title")
    )
    placed = tables.Column(
        accessor="placed_at", verbose_name=_("Placed"), attrs=place("date"),
        order_by=("placed_at", "order__pk"), initial_sort_descending=True,
    )  # fmt: skip
    lines = tables.Column(verbose_name=_("Lines"), orderable=False, attrs=place("extra"))
    base = AmountColumn(_("Base"), "extra", orderable=False, footer=lambda table: _format_total(table.sums.base))
    amount = AmountColumn(
        _("Commission"), "key", order_by=("amount", "placed_at", "order__pk"), initial_sort_descending=True,
        footer=lambda table: _format_total(table.sums.amount),
    )  # fmt: skip
    states = tables.Column(verbose_name=_("State"), orderable=False, attrs=place("state"))
    settled = AmountColumn(_("On statements"), "extra", orderable=False)

    class Meta:
        attrs = COMPACT

    has_amounts = True

    def __init__(
        self, rows: Iterable[OrderGroup], category_names: CategoryNames, sort: Sort, sums: Sums, zone: ZoneInfo
    ) -> None:
        self.category_names, self.sums, self.zone = category_names, sums, zone
        super().__init__(list(rows), order_by=(sort.value,))

    def render_order(self, record: OrderGroup) -> SafeString:
        address = reverse("payouts:order", args=[record.order.pk])
        return format_html('<a href="{}">{}</a>', address, record.order.order_id)

    def render_placed(self, value: datetime) -> str:
        # In the time zone of the filters, which is the program's.
        return format_date(value.astimezone(self.zone).date())

    def render_lines(self, record: OrderGroup) -> SafeString:
        context = {"row": record, "category_names": self.category_names, "labels": STATE_LABELS}
        return render_to_string("payouts/order_lines.html", context)

    def render_states(self, record: OrderGroup) -> SafeString:
        if len(record.states) == 1:
            return format_html_join("", "{}", ((render_status(state, STATE_LABELS[state]),) for state in record.states))
        chips = ((render_status(state, f"{count} {STATE_LABELS[state]}"),) for state, count in record.states.items())
        return format_html("<span>{}</span>", format_html_join(" ", "{}", chips))


class StatementTable(Table):
    month = tables.Column(accessor="close__period", verbose_name=_("Month"), attrs=place("title"))
    number = tables.Column(verbose_name=_("No."), attrs={"th": {"class": "number"}, "td": {"class": "number extra"}})
    opening = AmountColumn(_("Opening"))
    settled = AmountColumn(_("Commissions"))
    adjustments = AmountColumn(_("Adjustments"))
    returned = AmountColumn(_("Returned"))
    payout = AmountColumn(_("Payout"), "state labeled")
    closing = AmountColumn(_("Closing"))

    class Meta:
        attrs = COMPACT
        empty_text = _("No statement yet. You get one for the first month in which a commission is settled.")

    has_amounts = True

    def render_month(self, record: Statement) -> SafeString:
        address = reverse("payouts:statement", args=[record.pk])
        return format_html('<a href="{}">{}</a>', address, format_month(record.close.period))


class PayoutTable(Table):
    """Payouts with all that became of them; the rows are loaded with `RELATED` and `with_outdated()`."""

    RELATED = ("details", "statement", "returned_statement", "replaced_by__details", "replaces__statement")

    created = tables.TemplateColumn(
        "{{ record.created_at|day }}", verbose_name=_("Created"), attrs=place("title"), accessor="created_at"
    )
    amount = AmountColumn(_("Amount"), "key")
    state = tables.Column(verbose_name=_("State"), attrs=place("state"))
    destination = tables.TemplateColumn(
        "{{ record.details.get_method_display }} {{ record.details.masked }}", verbose_name=_("To"), attrs=place("date")
    )
    reference = tables.Column(verbose_name=_("Reference"), attrs=place("rest"))
    statement = tables.Column(
        accessor="pk", verbose_name=_("Statement"), attrs={"td": {"class": "number extra"}, "th": {"class": "number"}}
    )

    class Meta:
        attrs = COMPACT
        empty_text = _("No payout yet. The monthly close pays your balance once it reaches the payout threshold.")

    has_amounts = True

    def __init__(self, *args: Any, forecast: PayoutForecast | None, **options: Any) -> None:
        """Take the `forecast` of the next payout, which says what can pay instead of one that can't be sent."""
        super().__init__(*args, **options)
        self.forecast = forecast

    def render_reference(self, value: str) -> SafeString:
        return render_copy_field(value, _("the reference"), shown=shorten(value))

    def render_state(self, record: Payout) -> SafeString:
        chip, note = render_status(*get_affiliate_state(record.state)), " ".join(_list_notes(record, self.forecast))
        return format_html('<span>{} <span class="small soft">{}</span></span>', chip, note) if note else chip

    def render_statement(self, record: Payout) -> SafeString | str:
        statement = payout_history.find_statement(record)
        if statement is None:
            return ""
        return format_html('<a href="{}">{}</a>', reverse("payouts:statement", args=[statement.pk]), statement.number)


def _list_notes(payout: Payout, forecast: PayoutForecast | None) -> Iterator[str]:
    """Yield sentences about what happened to a payout, for its affiliate."""
    if at := payout.returned_at or payout.paid_at or payout.sent_at:
        # A day stays on one line.
        day = (_("on %s") % format_program_day(at)).replace(" ", "\u00a0")
        yield f"{day}." if payout.failure or payout.replaces else day
    if payout.failure:
        yield payout.failure
    if (successor := payout_history.find_successor(payout)) is not None:
        yield _("The payout of %s pays it again.") % format_program_day(successor.created_at)
    elif payout.returned_at:
        yield payout_history.describe_successor(payout)
    if (before := payout.replaces) is not None and before.returned_at:
        yield _("It pays again what came back on %s.") % format_program_day(before.returned_at)
        if payout.details_id == before.details_id and payout.state in Payout.UNDER_WAY and not payout.is_outdated:
            yield str(_("It goes to the same account."))
    if payout.is_outdated:
        yield payout_delay.explain_outdated(forecast)


def get_affiliate_state(state: str) -> tuple[str, Any]:
    """Return a payout's state and label for its affiliate, to whom every state before "sent" is the same."""
    if state in Payout.BEING_PREPARED:
        return "waiting", _("being prepared")
    return state, Payout.State(state).label
