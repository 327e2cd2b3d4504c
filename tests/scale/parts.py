"""The parts of `make scale`: one click node against two, mixed load, and faults."""

import os
import time
from collections.abc import Callable, Iterator
from statistics import median

from benchmarks.redirect import run_load
from tests.scale import outcome
from tests.scale.installation import REFERENCE, Installation
from tests.scale.nodes import Node
from tests.scale.rows import Row
from tests.scale.servers import STANDBYS, Standby
from tests.scale.traffic import KINDS, Record, Traffic, is_expected
from tracking.models import Click

STEP_SECONDS = float(os.environ.get("SCALE_STEP_SECONDS", "10"))
MIXED_SECONDS = float(os.environ.get("SCALE_MIXED_SECONDS", "300"))
ROUNDS = int(os.environ.get("SCALE_ROUNDS", "5"))
LOAD_SECONDS = 3.0
# The steps in which reads of the replica are counted: those of pages, and a comparison a second by each web process.
WITH_REPLICA = ("no fault", "replica behind")


def run_parts(installation: Installation) -> Iterator[Row]:
    """Yield the rows of all parts."""
    if ROUNDS:
        yield from compare_click_nodes(installation)
    installation.use_database()
    clicks_before = Click.objects.count()
    record = Record()
    traffic = Traffic(installation.balancer.port, installation.program, record)
    if MIXED_SECONDS:
        yield from run_mixed_load(installation, traffic)
    if STEP_SECONDS:
        yield from run_faults(installation, traffic)
    installation.use_database()
    yield Row("load", "senders that gave up", len(traffic.failures), 0)
    yield from compare(installation, record, clicks_before)
    logs = {role: [line for node in nodes for line in node.read_errors()] for role, nodes in installation.nodes.items()}
    for role, errors in (logs | {"balancer": installation.balancer.read_errors()}).items():
        yield Row(
            "logs",
            f"errors logged, {role}",
            f"{len(errors)}" + (f", such as {errors[0][:300]}" if errors else ""),
        )


def compare_click_nodes(installation: Installation) -> Iterator[Row]:
    """Compare redirects of two click nodes with those of one, in alternation, through the balancer."""
    ports, balancer = installation.get_ports("click"), installation.balancer
    rates: dict[int, list[float]] = {1: [], 2: []}
    for _round in range(ROUNDS):
        for count, measured in rates.items():
            balancer.route(web=installation.get_ports("web"), click=ports[:count])
            time.sleep(1)
            measured.append(run_load(balancer.port, installation.program.links[0], LOAD_SECONDS)["rate"])
    ratios = [two / one for one, two in zip(*rates.values(), strict=True)]
    for count, measured in rates.items():
        yield Row(
            "capacity", f"redirects a second, {count} click node{'s' * (count > 1)}, median", round(median(measured))
        )
    spread = f"{median(ratios):.2f} ({min(ratios):.2f} to {max(ratios):.2f})"
    yield Row("capacity", f"two click nodes ÷ one on {os.cpu_count()} cores, {ROUNDS} rounds", spread)


def run_mixed_load(installation: Installation, traffic: Traffic) -> Iterator[Row]:
    """Load pages, orders, exports and redirects from many connections at once, without a fault."""
    record = traffic.record
    record.step = "mixed"
    most, started = 0, time.monotonic()
    with traffic.run(visitors=64, readers=128, shops=8, exports=4, pause=0.05):
        while time.monotonic() - started < MIXED_SECONDS:
            most = max(most, installation.count_connections())
            time.sleep(1)
    seconds = time.monotonic() - started
    yield Row("mixed load", "seconds", round(seconds))
    for kind in KINDS:
        yield Row("mixed load", f"{kind} requests", record.describe("mixed", kind))
        yield Row(
            "mixed load", f"{kind} requests a second", f"{record.get_numbers('mixed', kind).total() / seconds:.1f}"
        )
    yield Row("mixed load", "5xx", record.count(lambda _kind, status: status >= 500), 0)
    unexpected = record.count(lambda kind, status: not is_expected(kind, status))
    yield Row("mixed load", "not as expected", unexpected, 0)
    yield Row("mixed load", "connections of PostgreSQL at most, of 100", most)
    time.sleep(5)
    yield Row("mixed load", "connections 5 seconds after it", installation.count_connections())


def run_faults(installation: Installation, traffic: Traffic) -> Iterator[Row]:
    """End one part after the other under load."""
    record, replica = traffic.record, installation.servers.standbys[0]
    click, web = installation.nodes["click"][0], installation.nodes["web"][0]
    steps: dict[str, tuple[Callable[[], None], Callable[[], None]]] = {
        "no fault": (_do_nothing, _do_nothing),
        "click node killed": (click.kill, click.start),
        "web node killed": (web.kill, web.start),
        "worker killed": (lambda: _kill_worker(installation.nodes["worker"][0]), _do_nothing),
        "replica behind": (lambda: _pause_replay(replica), lambda: _resume_replay(replica)),
        "replica stopped": (replica.stop, replica.start),
        "primary killed, standby promoted": (lambda: _fail_over(installation), _do_nothing),
        "no fault, on the new primary": (_do_nothing, _do_nothing),
    }
    with traffic.run(visitors=16, readers=8, shops=2, exports=1, pause=0.1):
        for step, (begin, end) in steps.items():
            record.step = step
            begin()
            reads = _count_replica_reads(installation) if step.startswith(WITH_REPLICA) else 0
            time.sleep(STEP_SECONDS)
            end()
            yield from _describe_step(record, step)
            if step.startswith(WITH_REPLICA):
                yield Row(step, "transactions on the replica", _count_replica_reads(installation) - reads)


def _do_nothing() -> None:
    pass


def _kill_worker(worker: Node) -> None:
    worker.kill()
    worker.start()


def _pause_replay(replica: Standby) -> None:
    """Have the replica fall behind, and wait until no node may read it."""
    replica.execute("SELECT pg_wal_replay_pause()")
    time.sleep(10)


def _resume_replay(replica: Standby) -> None:
    replica.execute("SELECT pg_wal_replay_resume()")


def _fail_over(installation: Installation) -> None:
    started = time.monotonic()
    _chosen, follower = installation.servers.fail_over()
    installation.servers.primary.wait_for_standbys(f"ANY 1 ({', '.join(STANDBYS)})")
    installation.route_database(follower)
    print(f"(promoted in {time.monotonic() - started:.1f} s)", flush=True)


def _count_replica_reads(installation: Installation) -> int:
    sql = "SELECT xact_commit + xact_rollback FROM pg_stat_database WHERE datname = 'accord'"
    return int(installation.servers.standbys[0].get_value(sql))


def _describe_step(record: Record, step: str) -> Iterator[Row]:
    for kind in KINDS:
        yield Row(step, f"{kind} requests", record.describe(step, kind))


def compare(installation: Installation, record: Record, clicks_before: int) -> Iterator[Row]:
    """Compare the database with what was answered, and the close with that of a single node."""
    for name, number in outcome.read_click_counts(record, clicks_before).items():
        yield Row("clicks", name, number, 0 if name in ("lost", "doubled") else None)
    for name, number in outcome.read_order_counts(record).items():
        yield Row("order snapshots", name, number, 0 if name in ("lost", "doubled") else None)
    installation.servers.primary.execute("ALTER SYSTEM RESET synchronous_standby_names")
    installation.servers.primary.execute("SELECT pg_reload_conf()")
    orders, closes = outcome.close_and_digest()
    installation.use_database(REFERENCE)
    outcome.send_to_reference(record.snapshots)
    reference_orders, reference_closes = outcome.close_and_digest()
    yield Row("orders and commissions", "digest", orders[:16], reference_orders[:16])
    yield Row("three closes", "digest", closes[:16], reference_closes[:16])
