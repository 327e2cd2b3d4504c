"""The shop of the demo, which records clicks and sends snapshots of its orders in batches."""

import base64
import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from portal.demo import clicks, sales, snapshots
from portal.demo.clicks import PlannedClick
from portal.demo.context import DemoContext
from portal.demo.persona_data import PERSONAS
from portal.demo.planning import make_random
from portal.demo.sales import Claim, Sale
from portal.demo.snapshots import OrderClaims
from shops import intake
from tracking.clicks import click_ids

FIRST_ORDER = 20_001
# Time from the creation of a link to its first possible click.
FIRST_CLICK = timedelta(hours=1)


class Shop:
    """Plan all clicks and orders when created; `advance_to` sends those up to a time."""

    def __init__(self, context: DemoContext) -> None:
        self.context = context
        self.sales = list(reversed(sales.plan_sales(context.days)))
        self.clicks = list(reversed(clicks.plan_clicks(context.days)))
        self.chance = make_random("the shop", context.days.now)
        self.queue: list[tuple[datetime, int, dict[str, Any]]] = []
        self.number = FIRST_ORDER

    def advance_to(self, now: datetime) -> None:
        """Record the clicks and send the snapshots up to `now`."""
        due_clicks = []
        while self.clicks and self.clicks[-1].at <= now:
            due_clicks.append(self.clicks.pop())
        while self.sales and self.sales[-1].placed_at <= now:
            due_clicks += self._place_order(self.sales.pop())
        clicks.record_clicks(due_clicks, self.context.links)
        due = []
        while self.queue and self.queue[0][0] <= now:
            due.append(heapq.heappop(self.queue)[2])
        self.send(due, now)

    def send(self, rows: Sequence[object], now: datetime) -> None:
        """Ingest snapshots in batches of the size that the API accepts."""
        for first in range(0, len(rows), intake.BATCH):
            intake.ingest_orders(
                snapshots=rows[first : first + intake.BATCH],
                source="Juniper & Pine, online shop",
                api_key=self.context.api_key,
                now=now,
            )

    def _place_order(self, sale: Sale) -> list[PlannedClick]:
        """Queue all snapshots of the order; return the click that led to it, if any."""
        coupon = sale.persona.coupon if sale.persona and sale.claim in (Claim.COUPON, Claim.BOTH) else None
        click = self._make_click(sale)
        click_id = self._sign(click) if click else None
        if sale.claim is Claim.FORGED:
            click_id = base64.urlsafe_b64encode(self.chance.randbytes(57)).decode()
        elif sale.claim is Claim.UNKNOWN:
            coupon = "SAVE20NOW"
        for scheduled in snapshots.list_snapshots(sale, self.number, OrderClaims(coupon, click_id)):
            heapq.heappush(self.queue, (scheduled.at, self.number, scheduled.snapshot))
        self.number += 1
        return [click] if click else []

    def _make_click(self, sale: Sale) -> PlannedClick | None:
        if sale.persona is None or sale.claim is Claim.COUPON:
            return None
        # With both claims the click is another affiliate's, so that the coupon overrides it.
        persona = (
            sale.persona if sale.claim is not Claim.BOTH else PERSONAS[0 if sale.persona is not PERSONAS[0] else 1]
        )
        link_created_at = self.context.links[persona.key][0].created_at
        at = max(sale.clicked_at, link_created_at + FIRST_CLICK)
        return clicks.make_click(persona, at=at, link=sale.link, chance=self.chance)

    def _sign(self, click: PlannedClick) -> str:
        link = clicks.get_link(click, self.context.links)
        return click_ids.sign_click_id(link.pk, click.at, click.nonce)
