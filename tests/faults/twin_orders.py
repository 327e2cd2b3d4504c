"""Orders in twins: one is sent over eight connections at once, shuffled, repeated, dropped and sent again; the other once, in
order. Ann, Ben and Cat have the first, their twins ANNX, BENX and CATX the second, each with coupons and clicks alike."""

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
# Long enough for a click on the last of them to be too old on the first day, and too young on the others.
CLICK_TIMES = [DAYS[0] - timedelta(days=5), *[day - timedelta(hours=5) for day in DAYS]]
CATEGORIES = ("home-decor", "jewelry-accessories", "nothing-named")


class SnapshotVersion(NamedTuple):
    """One version of an order; `claim` is what it names: a kind, whose, and which click."""

    status: str
    claim: tuple[str, str, int]
    country: str
    lines: tuple[tuple[int, int, int, int], ...]  # line, category, cents, cents given back


class Delivery(NamedTuple):
    """Some reports that one connection sends at once: (order, version), and how that goes."""

    reports: tuple[tuple[int, int], ...]
    fault: str


class PlannedOrder(NamedTuple):
    """An order with the day on which it was placed; or news of one of a part before, if there is one: `again` says which."""

    day: int
    reports: tuple[SnapshotVersion, ...]
    again: int | None


class Run(NamedTuple):
    """What there is to send, and who sends it when."""

    orders: tuple[PlannedOrder, ...]
    senders: tuple[tuple[Delivery, ...], ...]


class SentOrder(NamedTuple):
    """An order that was sent as S and its name, its twin as T and its name, with all reports of it, in order."""

    name: str
    day: int
    reports: tuple[SnapshotVersion, ...]


_CLAIMS = st.one_of(
    st.tuples(st.just("coupon"), st.sampled_from([*PEOPLE, "NOBODY"]), st.just(0)),
    st.tuples(st.sampled_from(["click", "forged"]), st.sampled_from(PEOPLE), st.integers(0, len(CLICK_TIMES) - 1)),
    st.tuples(st.just("both"), st.sampled_from(PEOPLE), st.integers(0, len(CLICK_TIMES) - 1)),
    st.just(("nothing", "", 0)),
)
_CENTS = st.sampled_from([0, 1, 10, 50, 333, 1_000, 1_999, 25_000])


@st.composite
def _lines(draw: st.DrawFn) -> tuple[tuple[int, int, int, int], ...]:
    chosen = draw(st.lists(st.integers(1, 3), min_size=1, max_size=3, unique=True))
    return tuple((number, draw(st.integers(0, 2)), max(a, b), min(a, b)) for number in chosen for a, b in [draw(_PAIR)])


_PAIR = st.tuples(_CENTS, _CENTS)
_REPORT = st.builds(
    SnapshotVersion,
    st.sampled_from(["completed", "completed", "paid", "cancelled"]),
    _CLAIMS,
    st.sampled_from(["", "France"]),
    _lines(),
)
_ORDER = st.builds(
    PlannedOrder,
    st.integers(0, len(DAYS) - 1),
    st.lists(_REPORT, min_size=1, max_size=4).map(tuple),
    st.none() | st.integers(0, 9_999),
)
# Committed; undone before the commit, with the connection or without it, and sent again; committed, and its answer lost.
_FATE = st.sampled_from(["sent", "sent", "sent", "undone", "cut off", "unanswered"])


@st.composite
def generate_runs(draw: st.DrawFn) -> Run:
    """Every report is sent at least once, most of them more often, in batches of any order, by any of the connections."""
    orders = tuple(draw(st.lists(_ORDER, min_size=1, max_size=3)))
    every = [(place, version) for place, plan in enumerate(orders) for version in range(len(plan.reports))]
    repeated = every + draw(st.lists(st.sampled_from(every), max_size=2 * len(every)))
    shuffled = draw(st.permutations(repeated))
    senders: list[list[Delivery]] = [[] for _ in range(CONNECTIONS)]
    while shuffled:
        size = draw(st.integers(1, 4))
        batch, shuffled = tuple(shuffled[:size]), shuffled[size:]
        senders[draw(st.integers(0, CONNECTIONS - 1))].append(Delivery(batch, draw(_FATE)))
    return Run(orders, tuple(map(tuple, senders)))


class ConnectionDropped(Exception):
    """The connection of a sender is gone before the commit."""


class Twins:
    """The program, and what sends to it."""

    def __init__(self, folder: Path) -> None:
        create_program("2026-01-01")
        Program.current()
        Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
        people = import_affiliates([*PEOPLE, *(f"{code}X" for code in PEOPLE)], folder)
        self.links = {code: self._link(affiliate) for code, affiliate in people.items()}
        self.clicks = {code: self._clicks(link) for code, link in self.links.items()}
        self.key = api_keys.create(name="the shop", now=NOW, by=None)[0]
        self.number = count(1)
        self.known: dict[str, SentOrder] = {}
        self.settled: list[str] = []
        self.pool = ThreadPoolExecutor(CONNECTIONS)

    def _link(self, affiliate: Affiliate) -> Link:
        coupons.assign_coupon(
            affiliate=affiliate, code=f"{affiliate.code}-2", assigned_from=DAYS[1], now=DAYS[1], by=None
        )
        return tracking_links.create_link(affiliate=affiliate, target="https://shop.example/", now=NOW, by=None)

    def _clicks(self, link: Link) -> list[str]:
        """Click ids at each of CLICKED; the records of every second one are there."""
        found = []
        for place, at in enumerate(CLICK_TIMES):
            nonce = click_ids.generate_nonce(at)
            found.append(click_ids.sign_click_id(link.pk, at, nonce))
            if place % 2:
                sub = ("newsletter", "", "", "", "")
                row = click_store.ClickRow(nonce, link.pk, at, "counted", *sub, "198.51.100.0", "Firefox", "", "mobile")
                click_store.insert_rows(connection.cursor(), [row])
        return found

    def close(self) -> None:
        """End the senders, each with its connection."""
        together_once = Barrier(CONNECTIONS)

        def hang_up() -> None:
            together_once.wait(60)
            connections.close_all()

        for done in [self.pool.submit(hang_up) for _sender in range(CONNECTIONS)]:
            done.result()
        self.pool.shutdown()

    def send(self, run: Run) -> list[SentOrder]:
        """Send the run over all connections at once, and its twin in order; returns the orders as they now are known."""
        orders = self._orders(run)
        rows = {
            (place, version): self._row(f"S{sent.name}", sent.day, known + version, report, "")
            for place, (sent, known) in enumerate(orders)
            for version, report in enumerate(sent.reports[known:])
        }
        start = Barrier(CONNECTIONS)
        work = [self.pool.submit(self._sender, start, sender, rows) for sender in run.senders]
        outcomes = [outcome for done in work for outcome in done.result()]
        assert set(outcomes) <= {"created", "updated", "unchanged", "stale"}, outcomes
        assert outcomes.count("created") == sum(known == 0 for _sent, known in orders), outcomes
        for sent, known in orders:
            numbered = list(enumerate(sent.reports))[known:]
            twin = [self._row(f"T{sent.name}", sent.day, *one, "X") for one in numbered]
            results = intake.ingest_orders(snapshots=twin, source="a test", now=NOW)
            assert {result.outcome for result in results[known == 0 :]} <= {"updated"}
        return [sent for sent, _known in orders]

    def _orders(self, run: Run) -> list[tuple[SentOrder, int]]:
        """The orders of a run, each with the number of reports that were sent of it before."""
        number, found, old = next(self.number), [], list(self.settled)
        for place, plan in enumerate(run.orders):
            name = old.pop(plan.again % len(old)) if plan.again is not None and old else f"{number}-{place}"
            known = self.known.get(name, SentOrder(name, plan.day, ()))
            self.known[name] = known._replace(reports=known.reports + plan.reports)
            found.append((self.known[name], len(known.reports)))
        return found

    def _sender(self, start: Barrier, deliveries: Sequence[Delivery], rows: dict[tuple[int, int], Any]) -> list[str]:
        """What became of each report that was committed for the first time it was sent."""
        start.wait(60)
        outcomes: list[str] = []
        for delivery in deliveries:
            batch = [rows[report] for report in delivery.reports]
            if delivery.fault in ("undone", "cut off"):
                self._undo(batch, cut_off=delivery.fault == "cut off")
            outcomes += self._take(batch)
            if delivery.fault == "unanswered":
                outcomes += self._take(batch)
        return outcomes

    def _take(self, batch: list[Any]) -> list[str]:
        if len(batch) == 1:
            return [group_commit.ingest_order(batch[0], source="a test", api_key=self.key, now=NOW).outcome]
        return [result.outcome for result in intake.ingest_orders(snapshots=batch, source="a test", now=NOW)]

    @staticmethod
    def _undo(batch: list[Any], *, cut_off: bool) -> None:
        try:
            with transaction.atomic():
                intake.ingest_orders(snapshots=batch, source="a test", now=NOW)
                if cut_off:
                    connection.connection.close()
                raise ConnectionDropped
        except ConnectionDropped:
            if cut_off:
                connections.close_all()

    def _row(self, order_id: str, day: int, version: int, report: SnapshotVersion, twin: str) -> dict[str, Any]:
        placed = DAYS[day]
        kind, who, which = report.claim
        clicks = self.clicks.get(f"{who}{twin}", [""] * len(CLICK_TIMES))
        named = {"coupon": f"{who}{twin}"} if kind in ("coupon", "both") else {}
        if kind == "click":
            named = {"click": clicks[which]}
        elif kind == "forged":
            named = {"click": clicks[which][:-1] + "AB"[clicks[which].endswith("A")]}
        elif kind == "both":
            # The coupon that is bound from the second day on, and a click of the same.
            named = {"coupon": f"{who}{twin}-2", "click": clicks[which]}
        lines = [
            build_line(str(n), CATEGORIES[c], f"{a // 100}.{a % 100:02}", f"{b // 100}.{b % 100:02}")
            for n, c, a, b in report.lines
        ]
        done = placed + timedelta(days=1) if report.status == "completed" else None
        return build_order(
            order_id,
            at=format_timestamp(placed + timedelta(hours=version + 30)),
            placed=format_timestamp(placed),
            status=report.status,
            completed=format_timestamp(done) if done else None,
            customer={"ref": order_id[1:], "country": report.country},
            lines=lines,
            **named,
        )


def format_dollars(cents: int) -> str:
    return f"{cents // 100}.{cents % 100:02}"


def format_timestamp(at: datetime) -> str:
    return at.isoformat().replace("+00:00", "Z")
