"""What the shop tells, and what is held or forfeited of it.

Each step is done by the product's verb and in the reference, or refused by the one and not done in the other.
"""

from datetime import timedelta

from hypothesis import strategies as st

from payouts.commissions import forfeiture, holds
from payouts.models import Commission
from tests.simulation.reference_rows import Line, Sale
from tests.simulation.simulation import CATEGORIES, CENTS, INDEXES, PEOPLE, SOURCES, STARTS_AT, ProgramSimulation, step

ORDER = st.tuples(
    st.sampled_from([*PEOPLE, *PEOPLE, "NOBODY"]),
    st.lists(st.tuples(st.sampled_from(CATEGORIES), st.sampled_from(CENTS)), min_size=1, max_size=2),
    st.sampled_from([0, 1, 20, 40, 60]),
    st.sampled_from([True, True, False]),
)


class Orders(ProgramSimulation):
    """What the shop tells, and what is held or forfeited of it."""

    @property
    def sales(self) -> list[Sale]:
        return self.reference.sales

    @step(7, orders=st.lists(ORDER, min_size=1, max_size=3))
    def sell(self, orders):
        new = []
        for coupon, lines, days, done in orders:
            placed = max(self.now - timedelta(days=days), STARTS_AT)
            completed = min(placed + timedelta(days=2), self.now) if done else None
            number = len(self.sales) + len(new)
            new.append(Sale(f"S{number}", placed, [Line(*one) for one in lines], coupon, completed))
        self.send_sales(*new)

    @step(2, when=lambda life: life.sales, which=INDEXES, place=INDEXES, part=st.sampled_from([1, 2, 3, 1_000]))
    def refund(self, which, place, part):
        sale = self.pick(self.sales, which)
        row = self.pick(sale.lines, place)
        row.refunded += -(-(row.cents - row.refunded) // part)
        self.send_sales(sale)

    @step(1, when=lambda life: [sale for sale in life.sales if len(sale.lines) > 1], which=INDEXES)
    def drop_a_line(self, which):
        sale = self.pick([sale for sale in self.sales if len(sale.lines) > 1], which)
        sale.lines[1].cents = sale.lines[1].refunded = 0
        self.send_sales(sale, dropped=[1])

    @step(3, when=lambda life: [sale for sale in life.sales if not sale.completed_at], which=INDEXES)
    def complete(self, which):
        sale = self.pick([sale for sale in self.sales if not sale.completed_at], which)
        sale.completed_at, sale.cancelled = self.now, False
        self.send_sales(sale)

    @step(1, when=lambda life: life.sales, which=INDEXES)
    def cancel_or_revive(self, which):
        sale = self.pick(self.sales, which)
        sale.cancelled = not sale.cancelled
        self.send_sales(sale)

    @step(1, when=lambda life: life.sales, which=INDEXES, coupon=st.sampled_from([*PEOPLE, None]))
    def correct_the_coupon(self, which, coupon):
        sale = self.pick(self.sales, which)
        if not any(row.forfeited for row in sale.lines):
            sale.coupon = coupon
            self.send_sales(sale)

    def commissions(self, sale):
        return Commission.objects.filter(order__order_id=sale.order_id)

    @step(1, when=lambda life: [sale for sale in life.sales if sale.owner], which=INDEXES, source=SOURCES)
    def hold(self, which, source):
        sale = self.pick([sale for sale in self.sales if sale.owner], which)
        holds.hold_commissions(
            commissions=self.commissions(sale), source=source, reason="A review.", now=self.now, by=None
        )
        for row in sale.lines:
            row.held |= {source} if row.owner else set()

    @step(1, when=lambda life: [row for row in life.reference.lines if row.held], source=SOURCES)
    def release(self, source):
        holding = [*(row.held for row in self.reference.lines), *(one.holds for one in self.reference.people.values())]
        assert holds.release_holds(source=source, now=self.now, by=None) == sum(source in held for held in holding)
        for held in holding:
            held.discard(source)

    @step(1, when=lambda life: [sale for sale in life.sales if sale.owner], which=INDEXES)
    def forfeit(self, which):
        sale = self.pick([sale for sale in self.sales if sale.owner], which)
        forfeiture.forfeit(commissions=self.commissions(sale), reason="6.1", now=self.now, by=None)
        self.reference.forfeit(sale)

    @step(1, when=lambda life: [sale for sale in life.sales if any(row.forfeited for row in sale.lines)], which=INDEXES)
    def restore(self, which):
        sale = self.pick([sale for sale in self.sales if any(row.forfeited for row in sale.lines)], which)
        forfeiture.restore(commissions=self.commissions(sale), now=self.now, by=None)
        self.reference.restore(sale)
