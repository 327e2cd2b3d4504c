"""Tables on the page of an affiliate: the newest rows of one kind, and a link to the list of all of them."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NamedTuple

from django.db.models import Model
from django.utils.functional import Promise

from accounts.models import User
from affiliates.models import Affiliate
from lib.admin.pages import build_changelist_url

# As many rows as a tab shows.
MAX_ROWS = 10
Label = str | Promise
Cells = Sequence[object]


class Context(NamedTuple):
    """Whose rows are read, in which currency the program pays, the time, and who reads.

    `before` is the time from which a page of older rows starts.
    """

    affiliate: Affiliate
    currency: str
    now: datetime
    user: User
    before: datetime | None = None


class Page(list[Cells]):
    """Rows with the query string of the page of older ones, "" if there are none."""

    older = ""


@dataclass(frozen=True)
class Table:
    """A kind of rows, for staff with `permission`; `list_rows` returns the newest ones as cells."""

    title: Label
    permission: str
    columns: Sequence[Label]
    list_rows: Callable[[Context], Sequence[Cells]]
    # What the list is, and when it fills.
    empty: Label
    model: type[Model]
    # The filter of the admin's list of `model`.
    build_filter: Callable[[Affiliate], str] = field(default=lambda affiliate: f"affiliate__id__exact={affiliate.pk}")
    # The positions of the columns with numbers, and of those among them with amounts in the program's currency.
    numbers: Sequence[int] = ()
    amounts: Sequence[int] = ()
    # A page with more about these rows: its label, and its address for an affiliate.
    further: tuple[Label, Callable[[Affiliate], str]] | None = None


@dataclass(frozen=True)
class Tab:
    """A tab with tables; it is offered to staff who may see any of them."""

    slug: str
    label: Label
    tables: Sequence[Table]


@dataclass(frozen=True)
class ShownTable:
    """A table with its rows, for the template."""

    table: Table
    rows: Sequence[Cells]
    all_url: str
    currency: str
    further_url: str = ""

    @property
    def older(self) -> str:
        """Return the query string of the page of older rows."""
        return getattr(self.rows, "older", "")

    @property
    def columns(self) -> list[tuple[str, bool]]:
        """Return the labels, each with whether its column has numbers. That of an amount names the currency."""
        amounts, numbers = self.table.amounts, {*self.table.numbers, *self.table.amounts}
        return [
            (f"{label}, {self.currency}" if index in amounts else str(label), index in numbers)
            for index, label in enumerate(self.table.columns)
        ]

    @property
    def labeled_rows(self) -> list[list[tuple[object, str, bool]]]:
        """Return each row as cells with the label of their column and whether they are numbers."""
        return [
            [(cell, label, is_number) for cell, (label, is_number) in zip(row, self.columns, strict=True)]
            for row in self.rows
        ]


def load_table(table: Table, context: Context) -> ShownTable:
    """Return `table` with the newest rows of the affiliate."""
    query = table.build_filter(context.affiliate)
    may_list = context.user.has_perm(f"{table.model._meta.app_label}.view_{table.model._meta.model_name}")
    all_url = build_changelist_url(table.model, query) if query and may_list else ""
    further_url = table.further[1](context.affiliate) if table.further else ""
    return ShownTable(table, table.list_rows(context), all_url, context.currency, further_url)
