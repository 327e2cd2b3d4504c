"""Daily rollups: what they cost order intake, and whether they equal the rows after a million snapshots.

    python -m benchmarks.rollups [--snapshots 1000000] [--affiliates 2000] [--rounds 15]

Four senders send orders repeatedly, late, out of order, refunded, cancelled and with another coupon, while the rollups
are folded all the time. Then the rollups are recomputed from the rows and compared.
"""

import argparse
import json
import multiprocessing
import random
import time
from collections.abc import Iterator, Sequence
from contextlib import redirect_stdout
from datetime import UTC, datetime, timedelta
from io import StringIO
from statistics import median
from typing import Any
from uuid import UUID

from benchmarks.own_database import own_database

BATCH, LINES, SENDERS = 1_000, 3, 4
STARTS_AT = datetime(2026, 1, 5, tzinfo=UTC)
DAYS = 120
LINKS, CLICKS = 100, 50  # number of affiliates with a link, clicks per link
COUNTRIES = ("United Kingdom", "France", "Germany", None)


# A click ID and the time of the click.
Click = tuple[str, datetime]


def measure_rows(snapshots: int, affiliates: int, rounds: int) -> Iterator[dict[str, Any]]:
    """Yield the cost of the rollups for a batch, and the comparison with the rows."""
    with own_database("accord_bench_rollups"):
        clicks = create_clicks(affiliates)
        yield measure_cost(rounds, affiliates)
        yield from verify_rollups(snapshots, affiliates, clicks)


def create_clicks(affiliates: int) -> list[Click]:
    """Create affiliates with coupons, links for the first of them, and clicks of which a quarter is not recorded."""
    from benchmarks import population
    from tracking.clicks import click_ids, click_store
    from tracking.clicks.connection import connect
    from tracking.models import Link

    population.create_program()
    population.copy_affiliates(affiliates)
    chance, clicks, lines = random.Random(1), [], []
    for number in range(1, min(affiliates, LINKS) + 1):
        link = Link(affiliate_id=_get_affiliate_id(number), code=f"bench-{number}", target="https://shop.example/")
        link.permitted_hosts, link.created_at = ["shop.example"], STARTS_AT
        link.save()
        for _click in range(CLICKS):
            at = STARTS_AT + timedelta(seconds=chance.randrange(DAYS * 86_400))
            nonce = click_ids.generate_nonce(at)
            clicks.append((click_ids.sign_click_id(link.pk, at, nonce), at))
            sub1, sub2 = chance.choice(("", "news", "blog")), chance.choice(("", "spring"))
            device = chance.choice(("mobile", "desktop"))
            row = click_store.ClickRow(nonce, link.pk, at, "counted", sub1, sub2, "", "", "", "", "", "", device)
            if chance.random() < 0.75:
                lines.append(click_store.encode_row(row))
    with connect() as writer, writer.cursor().copy(click_store.COPY) as stream:
        stream.write(b"".join(lines))
    return clicks


def _get_affiliate_id(number: int) -> UUID:
    from affiliates.models import Affiliate

    return Affiliate.objects.get(code=f"N{number}").pk


# --- Cost --------------------------------------------------------------------------------------------------------


def measure_cost(rounds: int, affiliates: int) -> dict[str, Any]:
    """Return the row of the time of a batch of new and updated orders with changed days marked, relative to without."""
    measured = []
    for number in range(rounds + 1):
        # Alternate which of the two comes first.
        first = bool(number % 2)
        seconds = {marked: _measure_batch(number, marked, affiliates) for marked in (first, not first)}
        if number:  # the first round warms up
            measured.append((seconds[True], seconds[False]))
    ratios = [with_marks / without for with_marks, without in measured]
    return {
        "work": f"rollups, a batch of {BATCH:,} orders of {LINES} lines: time with marked days ÷ without",
        "value": median(ratios),
        "spread": (min(ratios), max(ratios)),
        "seconds": median(with_marks for with_marks, _without in measured),
    }


def _measure_batch(number: int, marked: bool, affiliates: int) -> float:
    """Return the seconds to ingest a batch and its update, with the triggers that mark changed days on or off."""
    from tests.scenarios import send_orders

    set_triggers("ENABLE" if marked else "DISABLE")
    seconds = 0.0
    for version in (0, 1):
        batch = [
            build_snapshot(10**9 + number * 4_000 + marked * 2_000 + k, version, affiliates, []) for k in range(BATCH)
        ]
        started = time.perf_counter()
        send_orders(*batch, now=STARTS_AT + timedelta(days=2 * DAYS))
        seconds += time.perf_counter() - started
    set_triggers("ENABLE")
    return seconds


def set_triggers(verb: str) -> None:
    """ENABLE or DISABLE the triggers that mark changed days, three on orders and three on commissions."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgrelid::regclass, tgname FROM pg_trigger WHERE tgname ~ '^pgtrigger_mark_(inserted|updated|deleted)_'"
        )
        triggers = cursor.fetchall()
        assert len(triggers) == 6
        for table, name in triggers:
            cursor.execute(f"ALTER TABLE {table} {verb} TRIGGER {name}")


# --- Correctness -------------------------------------------------------------------------------------------------


def verify_rollups(snapshots: int, affiliates: int, clicks: Sequence[Click]) -> Iterator[dict[str, Any]]:
    """Send the snapshots while folding, then yield the rows of the differences and of the kinds of orders."""
    from django.core.management import call_command
    from django.db import connections

    from payouts.commissions import rollup_check, rollups
    from tracking.models import Rollup

    # Includes the orders that were measured without marking days.
    with redirect_stdout(StringIO()):
        call_command("rebuild_rollups")
    connections.close_all()
    started = time.perf_counter()
    fork = multiprocessing.get_context("fork")
    senders = [
        fork.Process(target=_send_snapshots, args=(number, snapshots // SENDERS, snapshots, affiliates, clicks))
        for number in range(SENDERS)
    ]
    for sender in senders:
        sender.start()
    folded = 0
    while any(sender.is_alive() for sender in senders):
        time.sleep(1)
        folded += rollups.fold_rollups()
    send_seconds = time.perf_counter() - started
    if any(sender.exitcode for sender in senders):
        raise SystemExit("a sender failed")
    started = time.perf_counter()
    folded += rollups.fold_rollups(wait=True)
    fold_seconds = time.perf_counter() - started
    started = time.perf_counter()
    comparisons = [rollup_check.compare_rollups(dimension) for dimension in Rollup.Dimension]
    yield {
        "work": f"rollups after {snapshots:,} snapshots with repeats and refunds: figures that differ from the rows",
        "value": sum(one.mismatches for one in comparisons),
        "at most": 0,
        "rollups compared": sum(one.rollups for one in comparisons),
        "days folded": folded,
        "snapshots a second": snapshots / send_seconds,
        "seconds of the last fold": fold_seconds,
        "seconds of the comparison": time.perf_counter() - started,
    }
    yield _count_kinds()


def _send_snapshots(seed: int, count: int, of: int, affiliates: int, clicks: Sequence[Click]) -> None:
    """Send `count` random snapshots of random orders, with repeats, as one sender."""
    from tests.scenarios import send_orders

    chance = random.Random(seed)
    orders = max(1, of * 2 // 5)
    for first in range(0, count, BATCH):
        batch = [
            build_snapshot(chance.randrange(orders), chance.choice((0, 0, 1, 1, 2, 3)), affiliates, clicks)
            for _row in range(min(BATCH, count - first))
        ]
        results = send_orders(*batch, now=STARTS_AT + timedelta(days=2 * DAYS))
        assert not any(result.outcome in ("rejected", "conflict") for result in results)


def build_snapshot(k: int, version: int, affiliates: int, clicks: Sequence[Click]) -> dict[str, Any]:
    """Return snapshot `version` of order `k`: 0 paid, 1 completed, 2 partly refunded, 3 fully refunded or cancelled.

    The result depends on the arguments alone.
    """
    from benchmarks.population import RATE_CARD
    from tests.scenarios import build_order

    chance = random.Random(k)
    coupon, click, placed = _pick_claim(chance, affiliates, clicks)
    if version >= 2 and k % 50 == 0:
        coupon = f"N{chance.randint(1, affiliates)}"
    ending = chance.choice(("cancelled", "refunded"))
    lines = []
    for _line in range(chance.randint(1, LINES)):
        cents, part = chance.randrange(1, 30_000), chance.random()
        refund = 0 if version < 2 else cents if version == 3 and ending == "refunded" else int(cents * part)
        lines.append((chance.choice(list(RATE_CARD)), f"{cents / 100:.2f}", f"{refund / 100:.2f}"))
    cancelled = version == 3 and ending == "cancelled"
    completed = (placed + timedelta(days=1)).isoformat() if version and not cancelled else None
    return build_order(
        f"Q{k}", *lines,
        placed=placed.isoformat(),
        at=(placed + timedelta(days=1 + version)).isoformat(),
        status="cancelled" if cancelled else "",
        completed=completed,
        coupon=coupon,
        click=click,
        customer={"country": chance.choice(COUNTRIES)},
    )  # fmt: skip


def _pick_claim(
    chance: random.Random, affiliates: int, clicks: Sequence[Click]
) -> tuple[str | None, str | None, datetime]:
    """Return coupon, click ID and order time: with a coupon, a click up to four days old, both or neither."""
    coupon, kind = f"N{chance.randint(1, affiliates)}", chance.random()
    at = STARTS_AT + timedelta(seconds=chance.randrange(DAYS * 86_400))
    if kind < 0.5 or not clicks:
        return coupon, None, at
    click, clicked_at = chance.choice(clicks)
    placed = clicked_at + timedelta(seconds=chance.randrange(4 * 86_400))
    if kind < 0.9:
        return None, click, placed
    return (coupon, click, placed) if kind < 0.95 else (None, None, at)


def _count_kinds() -> dict[str, Any]:
    """Return the row of the orders in the rollups by kind, which shows that every kind was compared."""
    from django.db.models import Sum

    from tracking.models import Order, Rollup

    total = Rollup.objects.filter(dimension="total").aggregate(
        orders=Sum("orders"), by_click=Sum("clicked_orders"), clicks=Sum("clicks")
    )
    return {
        "work": "rollups: orders in them",
        "value": total["orders"],
        "by click": total["by_click"],
        "with an unrecorded click": Order.objects.filter(
            affiliate__isnull=False, link__isnull=False, device=None
        ).count(),
        "cancelled": Order.objects.filter(status="cancelled").count(),
        "clicks": total["clicks"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--snapshots", type=int, default=1_000_000)
    parser.add_argument("--affiliates", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    for row in measure_rows(given.snapshots, given.affiliates, given.rounds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
