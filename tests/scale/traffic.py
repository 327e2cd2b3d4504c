"""Load on the balancer: visitors, affiliates, staff and a shop, and a record of every answer."""

import http.client
import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from itertools import cycle
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.scale.nodes import HOST
from tests.scale.program import Program, build_snapshot

BROWSER = "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"
PAGES = ("/home/", "/reports/", "/commissions/", "/statements/", "/links/", "/payouts/")
STAFF_PAGES = ("/admin/", "/admin/tracking/order/", "/admin/tracking/click/", "/admin/payouts/commission/")
EXPORTS = ("/reports/csv/", "/admin/reports/csv/", "/admin/payouts/ledgertransaction/journal/")
BATCH = 20
KINDS = ("redirect", "page", "export", "order")
# A broken connection has no status.
BROKEN = 0


def is_expected(kind: str, status: int) -> bool:
    return status == 302 if kind == "redirect" else status in (200, 201)


class Record:
    """Every answer, by step, kind of request and status; the click ids that visitors got; the orders that were taken."""

    def __init__(self) -> None:
        self.step = ""
        self.statuses: Counter[tuple[str, str, int]] = Counter()
        self.click_ids: list[str] = []
        self.snapshots: list[dict[str, Any]] = []
        self._lock = threading.Lock()

    def add(self, kind: str, status: int) -> None:
        with self._lock:
            self.statuses[self.step, kind, status] += 1

    def get_numbers(self, step: str, kind: str) -> Counter[int]:
        """Return the number of answers with each status."""
        found = {status: number for (at, sent, status), number in self.statuses.items() if (at, sent) == (step, kind)}
        return Counter(found)

    def describe(self, step: str, kind: str) -> str:
        """Return the number of requests, and the number for each status that is not expected."""
        numbers = self.get_numbers(step, kind)
        wrong = [
            f"{number} x {status or 'broken'}" for status, number in numbers.items() if not is_expected(kind, status)
        ]
        return f"{numbers.total():,}" + (f", of which {', '.join(wrong)}" if wrong else "")

    def count(self, condition: Callable[[str, int], bool]) -> int:
        """Return the number of answers whose kind and status meet the condition."""
        return sum(number for (_step, kind, status), number in self.statuses.items() if condition(kind, status))


class Sender(threading.Thread):
    """A thread that sends one request after the other over a connection that is kept, with a pause between them."""

    def __init__(self, traffic: "Traffic", requests: Iterable[Callable[["Sender"], object]], pause: float) -> None:
        super().__init__(daemon=True)
        self.traffic, self.requests, self.pause = traffic, iter(requests), pause
        self._connection: http.client.HTTPConnection | None = None

    def run(self) -> None:
        for request in self.requests:
            try:
                request(self)
            except AssertionError as error:
                self.traffic.failures.append(str(error))
                return
            if self.traffic.stopping.wait(self.pause):
                return

    def send(self, kind: str, method: str, path: str, body: str = "", **headers: str) -> tuple[int, str, bytes]:
        """Return the status, the Location and the body; the status is BROKEN without a response."""
        connection = self._connection or http.client.HTTPConnection("127.0.0.1", self.traffic.port, timeout=60)
        self._connection = connection
        headers = {name.replace("_", "-"): value for name, value in headers.items()}
        try:
            connection.request(method, path, body, headers | {"Host": HOST, "User-Agent": BROWSER})
            response = connection.getresponse()
            status, location, content = response.status, response.headers.get("Location", ""), response.read()
        except (OSError, http.client.HTTPException):
            connection.close()
            self._connection, status, location, content = None, BROKEN, "", b""
        self.traffic.record.add(kind, status)
        return status, location, content


class Traffic:
    """The threads of all kinds, and what they send."""

    def __init__(self, port: int, program: Program, record: Record) -> None:
        self.port, self.program, self.record = port, program, record
        self.stopping = threading.Event()
        # Why senders have given up.
        self.failures: list[str] = []
        self._order_lock, self._order_number = threading.Lock(), 0

    @contextmanager
    def run(self, *, visitors: int, readers: int, shops: int, exports: int, pause: float) -> Iterator[None]:
        """Send requests over as many connections of each kind as given. At the end, what is being sent is completed."""
        self.stopping.clear()
        threads = [Sender(self, self._visit(number), pause) for number in range(visitors)]
        threads += [Sender(self, self._read_pages(number), pause * 2) for number in range(readers)]
        threads += [Sender(self, self._send_orders(), pause * 4) for _number in range(shops)]
        threads += [Sender(self, self._export(number), pause * 10) for number in range(exports)]
        for thread in threads:
            thread.start()
        try:
            yield
        finally:
            self.stopping.set()
            for thread in threads:
                thread.join()

    def _visit(self, number: int) -> Iterator[Callable[[Sender], object]]:
        links = self.program.links
        for path in cycle(links[number % len(links) :] + links[: number % len(links)]):

            def follow(sender: Sender, path: str = path) -> None:
                status, location, _body = sender.send("redirect", "GET", path)
                if status == 302:
                    self.record.click_ids.append(parse_qs(urlsplit(location).query)["click_id"][0])

            yield follow

    def _read_pages(self, number: int) -> Iterator[Callable[[Sender], object]]:
        cookies = self.program.affiliate_cookies
        pages = [(path, cookies[number % len(cookies)]) for path in PAGES]
        pages += [(path, self.program.staff_cookie) for path in STAFF_PAGES]
        for path, cookie in cycle(pages[number % len(pages) :] + pages[: number % len(pages)]):
            yield partial(Sender.send, kind="page", method="GET", path=path, Cookie=cookie)

    def _export(self, number: int) -> Iterator[Callable[[Sender], object]]:
        for path in cycle(EXPORTS[number % len(EXPORTS) :] + EXPORTS[: number % len(EXPORTS)]):
            cookie = self.program.staff_cookie if path.startswith("/admin/") else self.program.affiliate_cookies[0]
            yield partial(Sender.send, kind="export", method="GET", path=path, Cookie=cookie)

    def _send_orders(self) -> Iterator[Callable[[Sender], object]]:
        while True:
            yield lambda sender: self._send_batch(sender, self._build_batch())

    def _build_batch(self) -> list[tuple[dict[str, Any], dict[str, Any]]]:
        with self._order_lock:
            first, self._order_number = self._order_number, self._order_number + BATCH
        orders, clicks = [], self.record.click_ids[-BATCH:]
        for number in range(first, first + BATCH):
            click = clicks[number % len(clicks)] if clicks and number % 3 == 0 else None
            at = datetime.now(UTC)
            placed, final = (
                build_snapshot(f"S{number}", number, at, click, final=is_final) for is_final in (False, True)
            )
            orders.append((placed, final))
        return orders

    def _send_batch(self, sender: Sender, orders: list[tuple[dict[str, Any], dict[str, Any]]]) -> None:
        """Send the orders as placed in a batch, then as completed: one alone, the others in a batch."""
        placed, final = [list(snapshots) for snapshots in zip(*orders, strict=True)]
        self._deliver(sender, "POST", "/api/v1/orders/batch", placed)
        self._deliver(sender, "PUT", f"/api/v1/orders/{final[0]['order_id']}", final[:1])
        self._deliver(sender, "POST", "/api/v1/orders/batch", final[1:])
        self.record.snapshots += placed + final

    def _deliver(self, sender: Sender, method: str, path: str, snapshots: list[dict[str, Any]]) -> None:
        """Send until the answer is good, as a shop does."""
        body = "\n".join(json.dumps(snapshot) for snapshot in snapshots)
        kind = "application/x-ndjson" if method == "POST" else "application/json"
        headers = {"Authorization": f"Bearer {self.program.key}", "Content_Type": kind}
        deadline = time.monotonic() + 120
        while time.monotonic() < deadline:
            status, _location, content = sender.send("order", method, path, body, **headers)
            if status in (200, 201):
                assert b'"rejected"' not in content, content[:500]
                return
            time.sleep(0.3)
        raise AssertionError("an order was not accepted within two minutes")
