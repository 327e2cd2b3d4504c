"""Steps of the simulation: orders, commission holds and forfeiture.

Each step calls the product and updates the reference, or is rejected by the product and leaves the reference as it is.
"""

from datetime import timedelta

from hypothesis import strategies as st

from payouts.commissions import forfeiture, holds
from payouts.models import Commission
from tests.simulation.reference import ACCEPTED_AT
from tests.simulation.reference_rows import Line, Sale
from tests.simulation.simulation import CATEGORIES, CENTS, INDEXES, PEOPLE, SOURCES, STARTS_AT, ProgramSimulation, step

ORDER = st.tuples(
    st.sampled_from([*PEOPLE, *PEOPLE, "UNKNOWN"]),
    st.lists(st.tuples(st.sampled_from(CATEGORIES), st.sampled_from(CENTS)), min_size=1, max_size=2),
    st.sampled_from([0, 1, 20, 40, 60]),
    st.sampled_from([True, True, False]),
    st.none() | st.tuples(st.sampled_from(PEOPLE), st.sampled_from([0, 1, 3, 5, 9]), st.booleans()),
)


class OrderSteps(ProgramSimulation):
    """Orders, commission holds and forfeiture."""

    @property
    def sales(self) -> list[Sale]:
        return self.reference.sales

    @step(7, orders=st.lists(ORDER, min_size=1, max_size=3))
    def create_orders(self, orders):
        new = []
        for coupon, lines, days_ago, is_completed, clicked in orders:
            placed = max(self.now - timedelta(days=days_ago), STARTS_AT)
            completed = min(placed + timedelta(days=2), self.now) if is_completed else None
            number = len(self.sales) + len(new)
            click = self._choose_click(placed, *clicked) if clicked else None
            new.append(Sale(f"S{number}", placed, [Line(*one) for one in lines], coupon, completed, click))
        self.send_sales(*new)

    @staticmethod
    def _choose_click(placed, owner, days, exactly):
        """Return a click that many days before the order, or a millisecond earlier."""
        return owner, max(placed - timedelta(days=days, milliseconds=0 if exactly else 1), ACCEPTED_AT)

    @step(2, when=lambda run: run.sales, index=INDEXES, line_index=INDEXES, part=st.sampled_from([1, 2, 3, 1_000]))
    def refund(self, index, line_index, part):
        """Refund the given part of what is left of a line, rounded up."""
        sale = self.pick(self.sales, index)
        line = self.pick(sale.lines, line_index)
        line.refunded += -(-(line.cents - line.refunded) // part)
        self.send_sales(sale)

    def _list_multiline(self):
        return [sale for sale in self.sales if len(sale.lines) > 1]

    @step(1, when=lambda run: run._list_multiline(), index=INDEXES)
    def drop_line(self, index):
        sale = self.pick(self._list_multiline(), index)
        sale.lines[1].cents = sale.lines[1].refunded = 0
        self.send_sales(sale, dropped=[1])

    def _list_uncompleted(self):
        return [sale for sale in self.sales if not sale.completed_at]

    @step(3, when=lambda run: run._list_uncompleted(), index=INDEXES)
    def complete(self, index):
        sale = self.pick(self._list_uncompleted(), index)
        sale.completed_at, sale.cancelled = self.now, False
        self.send_sales(sale)

    @step(1, when=lambda run: run.sales, index=INDEXES)
    def toggle_cancelled(self, index):
        sale = self.pick(self.sales, index)
        sale.cancelled = not sale.cancelled
        self.send_sales(sale)

    @step(1, when=lambda run: run.sales, index=INDEXES, coupon=st.sampled_from([*PEOPLE, None]))
    def correct_coupon(self, index, coupon):
        sale = self.pick(self.sales, index)
        if not any(line.forfeited for line in sale.lines):
            sale.coupon = coupon
            self.send_sales(sale)

    def _get_commissions(self, sale):
        return Commission.objects.filter(order__order_id=sale.order_id)

    def _list_attributed(self):
        return [sale for sale in self.sales if sale.owner]

    @step(1, when=lambda run: run._list_attributed(), index=INDEXES, source=SOURCES)
    def hold(self, index, source):
        sale = self.pick(self._list_attributed(), index)
        holds.hold_commissions(
            commissions=self._get_commissions(sale), source=source, reason="A review.", now=self.now, by=None
        )
        for line in sale.lines:
            line.holds |= {source} if line.owner else set()

    @step(1, when=lambda run: [line for line in run.reference.lines if line.holds], source=SOURCES)
    def release(self, source):
        all_holds = [line.holds for line in self.reference.lines]
        all_holds += [person.holds for person in self.reference.people.values()]
        assert holds.release_holds(source=source, now=self.now, by=None) == sum(source in one for one in all_holds)
        for one in all_holds:
            one.discard(source)

    @step(1, when=lambda run: run._list_attributed(), index=INDEXES)
    def forfeit(self, index):
        sale = self.pick(self._list_attributed(), index)
        forfeiture.forfeit(commissions=self._get_commissions(sale), reason="6.1", now=self.now, by=None)
        self.reference.forfeit(sale)

    def _list_forfeited(self):
        return [sale for sale in self.sales if any(line.forfeited for line in sale.lines)]

    @step(1, when=lambda run: run._list_forfeited(), index=INDEXES)
    def restore(self, index):
        sale = self.pick(self._list_forfeited(), index)
        forfeiture.restore(commissions=self._get_commissions(sale), now=self.now, by=None)
        self.reference.restore(sale)
