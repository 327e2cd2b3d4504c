"""The shop's side of the demo: it tells the orders API what happens to its orders, in batches, as the days go by."""

import base64
import heapq
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from portal.demo import clicks, sales, snapshots
from portal.demo.clicks import Visit
from portal.demo.dice import dice
from portal.demo.roll import CAST
from portal.demo.sales import Claim, Sale
from portal.demo.snapshots import Claims
from portal.demo.world import World
from shops import intake
from tracking.clicks import click_ids

FIRST_ORDER = 20_001
# Seconds after a link was made, at the earliest.
FIRST_CLICK = timedelta(hours=1)


class Shop:
    """Plans its year when it is made; `take_in` brings the program up to a moment of it."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.sales = list(reversed(sales.plan(world.days)))
        self.visits = list(reversed(clicks.plan(world.days)))
        self.chance = dice("the shop", world.days.now)
        self.said: list[tuple[datetime, int, dict[str, Any]]] = []
        self.number = FIRST_ORDER

    def take_in(self, now: datetime) -> None:
        """Record the clicks and send the snapshots up to `now`."""
        visits = []
        while self.visits and self.visits[-1].at <= now:
            visits.append(self.visits.pop())
        while self.sales and self.sales[-1].placed_at <= now:
            visits += self._open(self.sales.pop())
        clicks.record(visits, self.world.links)
        due = []
        while self.said and self.said[0][0] <= now:
            due.append(heapq.heappop(self.said)[2])
        self.send(due, now)

    def send(self, rows: Sequence[object], now: datetime) -> None:
        """Send rows as the API takes them: a thousand at most at once."""
        for first in range(0, len(rows), intake.BATCH):
            intake.take(
                snapshots=rows[first : first + intake.BATCH],
                source="Juniper & Pine, online shop",
                api_key=self.world.api_key,
                now=now,
            )

    def _open(self, sale: Sale) -> list[Visit]:
        """Begin an order: its claims, all that will be said of it, and the click that led to it."""
        coupon = sale.persona.coupon if sale.persona and sale.claim in (Claim.COUPON, Claim.BOTH) else None
        visit = self._visit(sale)
        click_id = self._sign(visit) if visit else None
        if sale.claim is Claim.FORGED:
            click_id = base64.urlsafe_b64encode(self.chance.randbytes(57)).decode()
        elif sale.claim is Claim.UNKNOWN:
            coupon = "SAVE20NOW"
        for said in snapshots.of(sale, self.number, Claims(coupon, click_id)):
            heapq.heappush(self.said, (said.at, self.number, said.snapshot))
        self.number += 1
        return [visit] if visit else []

    def _visit(self, sale: Sale) -> Visit | None:
        if sale.persona is None or sale.claim is Claim.COUPON:
            return None
        # Whoever pays with a coupon may have come by another's link: the coupon wins.
        persona = sale.persona if sale.claim is not Claim.BOTH else CAST[0 if sale.persona is not CAST[0] else 1]
        made = self.world.links[persona.key][0].created_at
        at = max(sale.clicked_at, made + FIRST_CLICK)
        return clicks.visit(persona, at=at, link=sale.link, chance=self.chance)

    def _sign(self, visit: Visit) -> str:
        link = clicks.link_of(visit, self.world.links)
        return click_ids.sign(link.pk, visit.at, visit.nonce)
