"""What the shop tells, and what is held or forfeited of it.

Each step is done by the product's verb and in the books, or refused by the one and not done in the other.
"""

from datetime import timedelta

from hypothesis import strategies as st

from payouts.commissions import forfeiture, holds
from payouts.models import Commission
from tests.lives.life import (
    CATEGORIES,
    CENTS,
    PEOPLE,
    SOURCES,
    START,
    WHICH,
    Life,
    step,
)
from tests.lives.rows import Line, Sale

ORDER = st.tuples(
    st.sampled_from([*PEOPLE, *PEOPLE, "NOBODY"]),
    st.lists(st.tuples(st.sampled_from(CATEGORIES), st.sampled_from(CENTS)), min_size=1, max_size=2),
    st.sampled_from([0, 1, 20, 40, 60]),
    st.sampled_from([True, True, False]),
)


class Orders(Life):
    """What the shop tells, and what is held or forfeited of it."""

    @property
    def sales(self) -> list[Sale]:
        return self.books.sales

    @step(7, orders=st.lists(ORDER, min_size=1, max_size=3))
    def sell(self, orders):
        new = []
        for coupon, lines, days, done in orders:
            placed = max(self.now - timedelta(days=days), START)
            completed = min(placed + timedelta(days=2), self.now) if done else None
            number = len(self.sales) + len(new)
            new.append(Sale(f"S{number}", placed, [Line(*one) for one in lines], coupon, completed))
        self.tell(*new)

    @step(2, when=lambda life: life.sales, which=WHICH, place=WHICH, part=st.sampled_from([1, 2, 3, 1_000]))
    def refund(self, which, place, part):
        sale = self.one(self.sales, which)
        row = self.one(sale.lines, place)
        row.refunded += -(-(row.cents - row.refunded) // part)
        self.tell(sale)

    @step(1, when=lambda life: [sale for sale in life.sales if len(sale.lines) > 1], which=WHICH)
    def drop_a_line(self, which):
        sale = self.one([sale for sale in self.sales if len(sale.lines) > 1], which)
        sale.lines[1].cents = sale.lines[1].refunded = 0
        self.tell(sale, dropped=[1])

    @step(3, when=lambda life: [sale for sale in life.sales if not sale.completed_at], which=WHICH)
    def complete(self, which):
        sale = self.one([sale for sale in self.sales if not sale.completed_at], which)
        sale.completed_at, sale.cancelled = self.now, False
        self.tell(sale)

    @step(1, when=lambda life: life.sales, which=WHICH)
    def cancel_or_revive(self, which):
        sale = self.one(self.sales, which)
        sale.cancelled = not sale.cancelled
        self.tell(sale)

    @step(1, when=lambda life: life.sales, which=WHICH, coupon=st.sampled_from([*PEOPLE, None]))
    def correct_the_coupon(self, which, coupon):
        sale = self.one(self.sales, which)
        if not any(row.forfeited for row in sale.lines):
            sale.coupon = coupon
            self.tell(sale)

    def commissions(self, sale):
        return Commission.objects.filter(order__order_id=sale.order_id)

    @step(1, when=lambda life: [sale for sale in life.sales if sale.owner], which=WHICH, source=SOURCES)
    def hold(self, which, source):
        sale = self.one([sale for sale in self.sales if sale.owner], which)
        holds.place(commissions=self.commissions(sale), source=source, reason="A review.", now=self.now, by=None)
        for row in sale.lines:
            row.held |= {source} if row.owner else set()

    @step(1, when=lambda life: [row for row in life.books.lines if row.held], source=SOURCES)
    def release(self, source):
        holding = [*(row.held for row in self.books.lines), *(one.holds for one in self.books.people.values())]
        assert holds.release(source=source, now=self.now, by=None) == sum(source in held for held in holding)
        for held in holding:
            held.discard(source)

    @step(1, when=lambda life: [sale for sale in life.sales if sale.owner], which=WHICH)
    def forfeit(self, which):
        sale = self.one([sale for sale in self.sales if sale.owner], which)
        forfeiture.forfeit(commissions=self.commissions(sale), reason="6.1", now=self.now, by=None)
        self.books.forfeit(sale)

    @step(1, when=lambda life: [sale for sale in life.sales if any(row.forfeited for row in sale.lines)], which=WHICH)
    def restore(self, which):
        sale = self.one([sale for sale in self.sales if any(row.forfeited for row in sale.lines)], which)
        forfeiture.restore(commissions=self.commissions(sale), now=self.now, by=None)
        self.books.restore(sale)
