"""The figures of a report. Pure: no database."""

from collections.abc import Iterable
from decimal import Decimal
from typing import NamedTuple

HUNDRED = Decimal(100)
ZERO = Decimal("0.00")


class Figures(NamedTuple):
    """Sums of a report; `clicked_` fields count orders by link only. `clicks` is None where clicks cannot be split."""

    clicks: int | None = 0
    orders: int = 0
    clicked_orders: int = 0
    sales: Decimal = ZERO
    commission: Decimal = ZERO
    clicked_commission: Decimal = ZERO

    @property
    def coupon_orders(self) -> int:
        return self.orders - self.clicked_orders

    @property
    def conversion(self) -> Decimal | None:
        """Return the orders by link per hundred clicks; None without clicks."""
        return HUNDRED * self.clicked_orders / self.clicks if self.clicks else None

    @property
    def epc(self) -> Decimal | None:
        """Return the commission of orders by link per click; None without clicks."""
        return self.clicked_commission / self.clicks if self.clicks else None


MEASURES = Figures._fields


def sum_figures(rows: Iterable[Figures]) -> Figures:
    """Add up figures; unknown clicks count as 0."""
    figures = list(rows)
    return Figures(
        clicks=sum(row.clicks or 0 for row in figures),
        orders=sum(row.orders for row in figures),
        clicked_orders=sum(row.clicked_orders for row in figures),
        sales=sum((row.sales for row in figures), ZERO),
        commission=sum((row.commission for row in figures), ZERO),
        clicked_commission=sum((row.clicked_commission for row in figures), ZERO),
    )
