"""What a report counts, and how it differs from the time before. Pure: no database."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

HUNDRED = Decimal(100)
ZERO = Decimal("0.00")


class Figures(NamedTuple):
    """`clicks` is None where they can't be told apart; `clicked_` is of what came by a link, for which clicks stand."""

    clicks: int | None = 0
    orders: int = 0
    clicked_orders: int = 0
    sales: Decimal = ZERO
    commission: Decimal = ZERO
    clicked_commission: Decimal = ZERO

    @property
    def conversion(self) -> Decimal | None:
        """Orders that came by a link for each hundred clicks; None without clicks."""
        return HUNDRED * self.clicked_orders / self.clicks if self.clicks else None

    @property
    def epc(self) -> Decimal | None:
        """Earnings per click: the commission of what came by a link for each click; None without clicks."""
        return self.clicked_commission / self.clicks if self.clicks else None


MEASURES = Figures._fields


def sum_figures(rows: Iterable[Figures]) -> Figures:
    """The sum of figures that know their clicks."""
    found = list(rows)
    return Figures(
        clicks=sum(row.clicks or 0 for row in found),
        orders=sum(row.orders for row in found),
        clicked_orders=sum(row.clicked_orders for row in found),
        sales=sum((row.sales for row in found), ZERO),
        commission=sum((row.commission for row in found), ZERO),
        clicked_commission=sum((row.clicked_commission for row in found), ZERO),
    )
