"""The shop's side of the demo: it tells the orders API what happens to its orders, in batches, as the days go by."""

import base64
import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from portal.demo import clicks, sales, snapshots
from portal.demo.clicks import PlannedClick
from portal.demo.context import DemoContext
from portal.demo.persona_data import PERSONAS
from portal.demo.randomness import make_random
from portal.demo.sales import Claim, Sale
from portal.demo.snapshots import OrderClaims
from shops import intake
from tracking.clicks import click_ids

FIRST_ORDER = 20_001
# Seconds after a link was made, at the earliest.
FIRST_CLICK = timedelta(hours=1)


class Shop:
    """Plans its year when it is made; `advance_to` brings the program up to a moment of it."""

    def __init__(self, context: DemoContext) -> None:
        self.context = context
        self.sales = list(reversed(sales.plan_sales(context.days)))
        self.visits = list(reversed(clicks.plan_clicks(context.days)))
        self.chance = make_random("the shop", context.days.now)
        self.queue: list[tuple[datetime, int, dict[str, Any]]] = []
        self.number = FIRST_ORDER

    def advance_to(self, now: datetime) -> None:
        """Record the clicks and send the snapshots up to `now`."""
        visits = []
        while self.visits and self.visits[-1].at <= now:
            visits.append(self.visits.pop())
        while self.sales and self.sales[-1].placed_at <= now:
            visits += self._open(self.sales.pop())
        clicks.record_clicks(visits, self.context.links)
        due = []
        while self.queue and self.queue[0][0] <= now:
            due.append(heapq.heappop(self.queue)[2])
        self.send(due, now)

    def send(self, rows: Sequence[object], now: datetime) -> None:
        """Send rows as the API takes them: a thousand at most at once."""
        for first in range(0, len(rows), intake.BATCH):
            intake.ingest_orders(
                snapshots=rows[first : first + intake.BATCH],
                source="Juniper & Pine, online shop",
                api_key=self.context.api_key,
                now=now,
            )

    def _open(self, sale: Sale) -> list[PlannedClick]:
        """Begin an order: its claims, all that will be said of it, and the click that led to it."""
        coupon = sale.persona.coupon if sale.persona and sale.claim in (Claim.COUPON, Claim.BOTH) else None
        visit = self._visit(sale)
        click_id = self._sign(visit) if visit else None
        if sale.claim is Claim.FORGED:
            click_id = base64.urlsafe_b64encode(self.chance.randbytes(57)).decode()
        elif sale.claim is Claim.UNKNOWN:
            coupon = "SAVE20NOW"
        for said in snapshots.list_snapshots(sale, self.number, OrderClaims(coupon, click_id)):
            heapq.heappush(self.queue, (said.at, self.number, said.snapshot))
        self.number += 1
        return [visit] if visit else []

    def _visit(self, sale: Sale) -> PlannedClick | None:
        if sale.persona is None or sale.claim is Claim.COUPON:
            return None
        # Whoever pays with a coupon may have come by another's link: the coupon wins.
        persona = (
            sale.persona if sale.claim is not Claim.BOTH else PERSONAS[0 if sale.persona is not PERSONAS[0] else 1]
        )
        made = self.context.links[persona.key][0].created_at
        at = max(sale.clicked_at, made + FIRST_CLICK)
        return clicks.make_click(persona, at=at, link=sale.link, chance=self.chance)

    def _sign(self, visit: PlannedClick) -> str:
        link = clicks.get_link(visit, self.context.links)
        return click_ids.sign_click_id(link.pk, visit.at, visit.nonce)
