"""Pairs of twin orders with the same snapshots.

The first is sent over eight connections at once: shuffled, repeated, rolled back and sent again. Its twin is sent once,
in order. The first orders name ANN, BEN and CAT, their twins ANNX, BENX and CATX, with equivalent coupons and clicks.
"""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import count
from pathlib import Path
from threading import Barrier
from typing import Any, NamedTuple

from django.db import connection, connections, transaction
from hypothesis import strategies as st

from accounts import api_keys
from affiliates.models import Affiliate
from agreements.models import Program
from shops import intake
from shops.api import group_commit
from tests.scenarios import NOW, build_line, build_order, create_program, import_affiliates, parse_utc
from tracking.clicks import click_ids, click_store
from tracking.links import coupons, tracking_links
from tracking.models import Link

CONNECTIONS = 8
PEOPLE = ("ANN", "BEN", "CAT")
DAYS = [parse_utc("2026-01-05T12:00:00") + timedelta(days=9 * n) for n in range(4)]
# Times of clicks, of which some are too old for an order of a given day and some are later than it.
CLICK_TIMES = [DAYS[0] - timedelta(days=5), *[day - timedelta(hours=5) for day in DAYS]]
CATEGORIES = ("home-decor", "jewelry-accessories", "nothing-named")


class PlannedSnapshot(NamedTuple):
    """A snapshot of an order; `claim` is its kind, the code of the affiliate and the index of the click."""

    status: str
    claim: tuple[str, str, int]
    country: str
    lines: tuple[tuple[int, int, int, int], ...]  # line, category, cents, refunded cents


class Delivery(NamedTuple):
    """A batch of snapshots, each as (order, index), that one connection sends at once, and what goes wrong."""

    snapshots: tuple[tuple[int, int], ...]
    fault: str


class PlannedOrder(NamedTuple):
    """A new order placed on `day`, or further snapshots of a settled order, chosen by `again`, if there are any."""

    day: int
    snapshots: tuple[PlannedSnapshot, ...]
    again: int | None


class Run(NamedTuple):
    """The orders to send, and the deliveries of each sender."""

    orders: tuple[PlannedOrder, ...]
    senders: tuple[tuple[Delivery, ...], ...]


class SentOrder(NamedTuple):
    """An order with all its snapshots so far, oldest first; its id is S and the name, its twin's T and the name."""

    name: str
    day: int
    snapshots: tuple[PlannedSnapshot, ...]


_CLAIMS = st.one_of(
    st.tuples(st.just("coupon"), st.sampled_from([*PEOPLE, "UNKNOWN"]), st.just(0)),
    st.tuples(st.sampled_from(["click", "forged"]), st.sampled_from(PEOPLE), st.integers(0, len(CLICK_TIMES) - 1)),
    st.tuples(st.just("both"), st.sampled_from(PEOPLE), st.integers(0, len(CLICK_TIMES) - 1)),
    st.just(("none", "", 0)),
)
_CENTS = st.sampled_from([0, 1, 10, 50, 333, 1_000, 1_999, 25_000])


@st.composite
def _lines(draw: st.DrawFn) -> tuple[tuple[int, int, int, int], ...]:
    chosen = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True))
    return tuple((number, draw(st.integers(0, 2)), max(a, b), min(a, b)) for number in chosen for a, b in [draw(_PAIR)])


_PAIR = st.tuples(_CENTS, _CENTS)
_SNAPSHOT = st.builds(
    PlannedSnapshot,
    st.sampled_from(["completed", "completed", "paid", "cancelled"]),
    _CLAIMS,
    st.sampled_from(["", "France"]),
    _lines(),
)
_ORDER = st.builds(
    PlannedOrder,
    st.integers(0, len(DAYS) - 1),
    st.lists(_SNAPSHOT, min_size=1, max_size=4).map(tuple),
    st.none() | st.integers(0, 9_999),
)
# No fault; rolled back or disconnected before the commit, and sent again; committed, but the response is lost.
_FAULT = st.sampled_from(["none", "none", "none", "rolled back", "disconnected", "response lost"])


@st.composite
def generate_runs(draw: st.DrawFn) -> Run:
    """Generate runs that send every snapshot at least once, in batches of any order, over any of the connections."""
    orders = tuple(draw(st.lists(_ORDER, min_size=1, max_size=3)))
    snapshots = [(order, index) for order, plan in enumerate(orders) for index in range(len(plan.snapshots))]
    repeated = snapshots + draw(st.lists(st.sampled_from(snapshots), max_size=2 * len(snapshots)))
    shuffled = draw(st.permutations(repeated))
    senders: list[list[Delivery]] = [[] for _ in range(CONNECTIONS)]
    while shuffled:
        size = draw(st.integers(1, 4))
        batch, shuffled = tuple(shuffled[:size]), shuffled[size:]
        senders[draw(st.integers(0, CONNECTIONS - 1))].append(Delivery(batch, draw(_FAULT)))
    return Run(orders, tuple(map(tuple, senders)))


class ConnectionDropped(Exception):
    """A sender's connection is lost before the commit."""


class Twins:
    """The program with its affiliates, and the senders of their orders."""

    def __init__(self, folder: Path) -> None:
        create_program("2026-01-01")
        Program.current()
        Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
        affiliates = import_affiliates([*PEOPLE, *(f"{code}X" for code in PEOPLE)], folder)
        self.links = {code: self._create_link(affiliate) for code, affiliate in affiliates.items()}
        self.clicks = {code: self._create_clicks(link) for code, link in self.links.items()}
        self.key = api_keys.create(name="the shop", now=NOW, by=None)[0]
        self.run_numbers = count(1)
        self.sent: dict[str, SentOrder] = {}
        self.settled: list[str] = []
        self.pool = ThreadPoolExecutor(CONNECTIONS)

    def _create_link(self, affiliate: Affiliate) -> Link:
        coupons.assign_coupon(
            affiliate=affiliate, code=f"{affiliate.code}-2", assigned_from=DAYS[1], now=DAYS[1], by=None
        )
        return tracking_links.create_link(affiliate=affiliate, target="https://shop.example/", now=NOW, by=None)

    def _create_clicks(self, link: Link) -> list[str]:
        """Return a click ID for each of CLICK_TIMES; every second click is recorded."""
        found = []
        for index, at in enumerate(CLICK_TIMES):
            nonce = click_ids.generate_nonce(at)
            found.append(click_ids.sign_click_id(link.pk, at, nonce))
            if index % 2:
                sub = ("newsletter", "", "", "", "")
                row = click_store.ClickRow(nonce, link.pk, at, "counted", *sub, "198.51.100.0", "Firefox", "", "mobile")
                click_store.insert_rows(connection.cursor(), [row])
        return found

    def close(self) -> None:
        """Close the connection of every sender and end the threads."""
        barrier = Barrier(CONNECTIONS)

        def close_connection() -> None:
            barrier.wait(60)  # so that each thread runs this once
            connections.close_all()

        for task in [self.pool.submit(close_connection) for _sender in range(CONNECTIONS)]:
            task.result()
        self.pool.shutdown()

    def send(self, run: Run) -> list[SentOrder]:
        """Send the run over all connections at once and its twins in order; return its orders."""
        orders = self._add_orders(run)
        rows = {
            (place, index): self._build_row(f"S{order.name}", order.day, before + index, snapshot, "")
            for place, (order, before) in enumerate(orders)
            for index, snapshot in enumerate(order.snapshots[before:])
        }
        start = Barrier(CONNECTIONS)
        tasks = [self.pool.submit(self._deliver, start, sender, rows) for sender in run.senders]
        outcomes = [outcome for task in tasks for outcome in task.result()]
        assert set(outcomes) <= {"created", "updated", "unchanged", "stale"}, outcomes
        assert outcomes.count("created") == sum(before == 0 for _order, before in orders), outcomes
        for order, before in orders:
            numbered = list(enumerate(order.snapshots))[before:]
            twin = [self._build_row(f"T{order.name}", order.day, *one, "X") for one in numbered]
            results = intake.ingest_orders(snapshots=twin, source="a test", now=NOW)
            assert {result.outcome for result in results[before == 0 :]} <= {"updated"}
        return [order for order, _before in orders]

    def _add_orders(self, run: Run) -> list[tuple[SentOrder, int]]:
        """Return the orders of a run, each with the number of its snapshots from earlier runs."""
        number, orders, settled = next(self.run_numbers), [], list(self.settled)
        for place, plan in enumerate(run.orders):
            name = settled.pop(plan.again % len(settled)) if plan.again is not None and settled else f"{number}-{place}"
            order = self.sent.get(name, SentOrder(name, plan.day, ()))
            self.sent[name] = order._replace(snapshots=order.snapshots + plan.snapshots)
            orders.append((self.sent[name], len(order.snapshots)))
        return orders

    def _deliver(self, start: Barrier, deliveries: Sequence[Delivery], rows: dict[tuple[int, int], Any]) -> list[str]:
        """Send the deliveries of one sender; return the outcomes of all committed snapshots."""
        start.wait(60)
        outcomes: list[str] = []
        for delivery in deliveries:
            batch = [rows[snapshot] for snapshot in delivery.snapshots]
            if delivery.fault in ("rolled back", "disconnected"):
                self._ingest_and_roll_back(batch, disconnect=delivery.fault == "disconnected")
            outcomes += self._ingest(batch)
            if delivery.fault == "response lost":
                outcomes += self._ingest(batch)
        return outcomes

    def _ingest(self, batch: list[Any]) -> list[str]:
        if len(batch) == 1:
            return [group_commit.ingest_order(batch[0], source="a test", api_key=self.key, now=NOW).outcome]
        return [result.outcome for result in intake.ingest_orders(snapshots=batch, source="a test", now=NOW)]

    @staticmethod
    def _ingest_and_roll_back(batch: list[Any], *, disconnect: bool) -> None:
        try:
            with transaction.atomic():
                intake.ingest_orders(snapshots=batch, source="a test", now=NOW)
                if disconnect:
                    connection.connection.close()
                raise ConnectionDropped
        except ConnectionDropped:
            if disconnect:
                connections.close_all()

    def _build_row(
        self, order_id: str, day: int, version: int, snapshot: PlannedSnapshot, suffix: str
    ) -> dict[str, Any]:
        placed = DAYS[day]
        kind, code, click_index = snapshot.claim
        click = self.clicks.get(f"{code}{suffix}", [""] * len(CLICK_TIMES))[click_index]
        claims = {"coupon": f"{code}{suffix}"} if kind in ("coupon", "both") else {}
        if kind == "click":
            claims = {"click": click}
        elif kind == "forged":
            claims = {"click": click[:-1] + "AB"[click.endswith("A")]}
        elif kind == "both":
            # The coupon that is assigned from the second day on, and a click of the same affiliate.
            claims = {"coupon": f"{code}{suffix}-2", "click": click}
        lines = [
            build_line(str(number), CATEGORIES[category], format_dollars(cents), format_dollars(refunded))
            for number, category, cents, refunded in snapshot.lines
        ]
        completed = placed + timedelta(days=1) if snapshot.status == "completed" else None
        return build_order(
            order_id,
            at=format_timestamp(placed + timedelta(hours=version + 30)),
            placed=format_timestamp(placed),
            status=snapshot.status,
            completed=format_timestamp(completed) if completed else None,
            customer={"ref": order_id[1:], "country": snapshot.country},
            lines=lines,
            **claims,
        )


def format_dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def format_timestamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
