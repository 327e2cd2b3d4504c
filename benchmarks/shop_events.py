"""Events of four shops at a fixed rate, shuffled and repeated, while the worker is killed.

    python -m benchmarks.shop_events [--minutes 5] [--rate 2000] [--seed 1]

WooCommerce, Shopify, Stripe and a shop of the generic kind deliver to a web server; a worker and beat process what has
arrived. All are started by the command of a deployment. The worker is killed and started again, once only its children.
In the end the orders are compared with those of the same events delivered once in order.
"""

import argparse
import http.client
import json
import os
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager, suppress
from pathlib import Path
from typing import Any

from benchmarks import shop_program
from benchmarks.outage import run_servers
from benchmarks.own_database import HERE, own_database
from benchmarks.server import find_free_port, wait_for
from benchmarks.shop_program import Shop
from benchmarks.shop_senders import Answer, Senders

TASK = "shops.tasks.process_shop_events"
MAX_ANSWER_SECONDS, MAX_PROCESSING_SECONDS = 1, 60
# What is killed: the worker with its children, or only these.
KILLS = ("worker", "children", "worker")
# A run is killed within this time after it was seen.
KILL_WITHIN_SECONDS = 0.3


class Role:
    """A process of a deployment, in a session of its own."""

    def __init__(self, name: str, folder: Path, environment: Mapping[str, str]) -> None:
        self.name, self.environment = name, environment
        self.log = (folder / f"{name}.log").open("ab")
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-m", "config.serve", self.name],
            cwd=HERE,
            env=self.environment,
            start_new_session=True,
            stdout=self.log,
            stderr=self.log,
        )

    def kill(self) -> None:
        """Kill the process with its children."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def kill_children(self) -> None:
        pid = self.process.pid
        for child in Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii").split():
            os.kill(int(child), signal.SIGKILL)


def measure_rows(minutes: float, rate: float, seed: int) -> Iterator[dict[str, Any]]:
    """Yield the rows of the answers, of the time until all events are processed, and of the comparison."""
    with ExitStack() as stack:
        stack.enter_context(run_servers())
        stack.enter_context(own_database("accord_bench_shop_events"))
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        shops = shop_program.create_shops(round(rate * minutes), seed)
        for shop in shops:
            shop_program.deliver_in_order(shop)
        port, worker = stack.enter_context(run_deployment(folder))
        work = f"{rate:g} shop events a minute for {minutes:g} min, worker killed {len(KILLS)} times"
        senders = Senders(port, shops, rate)
        interrupted = _kill_worker(worker, senders.starts_at, minutes * 60, random.Random(seed))
        answers = senders.collect_answers()
        ended_at = time.monotonic()
        waiting = shop_program.count_events(shops, "waiting")
        yield describe_answers(work, answers)
        _wait_until_processed(shops, worker)
        yield {
            "work": f"{work}: seconds from the last answer until all are processed",
            "value": round(time.monotonic() - ended_at, 1),
            "at most": MAX_PROCESSING_SECONDS,
            "waiting at the last answer": waiting,
        }
        yield describe_orders(work, shops, answers) | {"killed during a run": interrupted}


@contextmanager
def run_deployment(folder: Path) -> Iterator[tuple[int, Role]]:
    """Run web server, worker and beat; yield the port and the worker."""
    port = find_free_port()
    environment = os.environ | {"WEB_PORT": str(port), "STATE_DIR": str(folder)}
    roles = [Role(name, folder, environment) for name in ("web", "worker", "beat")]
    try:
        wait_for(port)
        # The port is open before the program is loaded.
        with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=60)) as client:
            client.request("GET", "/hooks/")
            client.getresponse()
        yield port, roles[1]
    finally:
        for role in roles:
            role.kill()


def _kill_worker(worker: Role, starts_at: float, seconds: float, chance: random.Random) -> int:
    """Kill the worker while it processes events, at even intervals; return how many runs were interrupted."""
    from django.utils import timezone

    from portal.models import TaskRun

    interrupted, restarted_at = 0, timezone.now()
    for number, kind in enumerate(KILLS, 1):
        time.sleep(max(0.0, starts_at + seconds * number / (len(KILLS) + 1) - time.monotonic()))
        runs = TaskRun.objects.filter(task__name=TASK, failed_at=None, started_at__gt=restarted_at)
        deadline = time.monotonic() + seconds / 10
        while (run := runs.first()) is None and time.monotonic() < deadline:
            time.sleep(0.01)
        time.sleep(chance.uniform(0, KILL_WITHIN_SECONDS))
        if kind == "worker":
            worker.kill()
            worker.start()
        else:
            worker.kill_children()
        restarted_at = timezone.now()
        interrupted += run is not None and TaskRun.objects.filter(pk=run.pk).exists()
    return interrupted


def _wait_until_processed(shops: list[Shop], worker: Role) -> None:
    deadline = time.monotonic() + 10 * MAX_PROCESSING_SECONDS
    while shop_program.count_events(shops, "waiting"):
        if time.monotonic() > deadline:
            raise SystemExit(f"events are not processed:\n{Path(worker.log.name).read_text(encoding='utf-8')[-5_000:]}")
        time.sleep(0.2)


def describe_answers(work: str, answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the row of the answers, in seconds from when each event was due."""
    seconds = sorted(answer.seconds for answer in answers)
    return {
        "work": f"{work}: seconds until the slowest answer",
        "value": round(seconds[-1], 3),
        "at most": MAX_ANSWER_SECONDS,
        "median": round(seconds[len(seconds) // 2], 4),
        "p99": round(seconds[len(seconds) * 99 // 100], 4),
        "longest from sending": round(max(answer.sent_seconds for answer in answers), 3),
        "over a second": sum(answer.seconds > MAX_ANSWER_SECONDS for answer in answers),
        "answers": len(answers),
        "other than 200": _list_statuses(answers) or 0,
    }


def _list_statuses(answers: Sequence[Answer]) -> str:
    """Return how often each other status than 200 was answered; 0 is no answer."""
    counts = Counter(answer.status for answer in answers if answer.status != 200)
    return ", ".join(f"{count} x {status}" for status, count in sorted(counts.items()))


def describe_orders(work: str, shops: list[Shop], answers: Sequence[Answer]) -> dict[str, Any]:
    """Return the row of what is lost, doubled or different from the same events once in order."""
    found = shop_program.compare_orders(shops)
    accepted = sum(answer.status == 200 for answer in answers)
    return {
        "work": f"{work}: orders that differ from those of the same events once in order",
        "value": found.differences,
        "at most": 0,
        "orders": found.orders,
        "lines": found.lines,
        "refunded lines": found.refunded_lines,
        "commissions": found.commissions,
        "digest": found.digest[:16],
        "digest in order": found.digest_in_order[:16],
        "accepted deliveries that are not stored": accepted - shop_program.count_deliveries(shops),
        "rejected events": shop_program.count_events(shops, "refused"),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--minutes", type=float, default=5)
    parser.add_argument("--rate", type=float, default=2_000)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    for row in measure_rows(given.minutes, given.rate, given.seed):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
