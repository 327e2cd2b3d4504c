"""A steady load of redirects, pages and orders through the proxy, and what became of each request."""

import asyncio
import json
import ssl
import threading
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime

from tests.deploy.machine import Machine

HOST = "affiliates.example.com"
# Of ten requests: redirects, pages and orders.
MIX = ("redirect", "redirect", "page", "redirect", "order", "redirect", "page", "redirect", "order", "redirect")
EXPECTED = {"redirect": 302, "page": 200, "order": 201}
TIMEOUT = 60
# nginx closes idle connections after 30 seconds. A browser would send the request again.
IDLE_SECONDS = 5


@dataclass
class Load:
    """Sends `rate` requests a second until stopped."""

    machine: Machine
    link: str
    key: str
    rate: int = 200
    # By kind and outcome: a status, or what went wrong.
    outcomes: Counter[tuple[str, str]] = field(default_factory=Counter)
    slowest: float = 0.0
    is_stopping: bool = False

    @property
    def failures(self) -> dict[tuple[str, str], int]:
        return {key: number for key, number in self.outcomes.items() if key[1] != str(EXPECTED[key[0]])}

    @contextmanager
    def running(self) -> Iterator[None]:
        thread = threading.Thread(target=lambda: asyncio.run(self._send_all()))
        thread.start()
        try:
            yield
        finally:
            self.is_stopping = True
            thread.join()

    async def _send_all(self) -> None:
        self.tls = ssl.create_default_context(cafile=str(self.machine.folder / "ca.pem"))
        self.idle: list[tuple[asyncio.StreamReader, asyncio.StreamWriter, float]] = []
        loop = asyncio.get_running_loop()
        started, number, tasks = loop.time(), 0, set()
        while not self.is_stopping:
            task = asyncio.create_task(self._send(number, MIX[number % len(MIX)]))
            tasks.add(task)
            task.add_done_callback(tasks.discard)
            number += 1
            await asyncio.sleep(max(0.0, started + number / self.rate - loop.time()))
        await asyncio.gather(*tasks)
        for _reader, writer, _since in self.idle:
            writer.close()

    async def _send(self, number: int, kind: str) -> None:
        loop = asyncio.get_running_loop()
        started = loop.time()
        try:
            outcome = str(await asyncio.wait_for(self._exchange(self._build_request(number, kind)), TIMEOUT))
        except (OSError, asyncio.IncompleteReadError, TimeoutError, ValueError) as error:
            outcome = repr(error)
        self.outcomes[kind, outcome] += 1
        self.slowest = max(self.slowest, loop.time() - started)

    async def _exchange(self, request: bytes) -> int:
        reader, writer = self._take_idle() or await asyncio.open_connection(
            "127.0.0.1", self.machine.https, ssl=self.tls, server_hostname=HOST
        )
        writer.write(request)
        head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").lower()
        if "transfer-encoding: chunked" in head:
            while size := int(await reader.readuntil(b"\r\n"), 16):
                await reader.readexactly(size + 2)
            await reader.readexactly(2)
        elif length := head.partition("content-length: ")[2].partition("\r\n")[0]:
            await reader.readexactly(int(length))
        if "connection: close" in head:
            writer.close()
        else:
            self.idle.append((reader, writer, asyncio.get_running_loop().time()))
        return int(head.split()[1])

    def _take_idle(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter] | None:
        """Return the connection that was used last, unless it is too old. All others are older."""
        if self.idle:
            reader, writer, since = self.idle.pop()
            if asyncio.get_running_loop().time() - since < IDLE_SECONDS and not reader.at_eof():
                return reader, writer
            for _reader, old, _since in [*self.idle, (reader, writer, since)]:
                old.close()
            self.idle.clear()
        return None

    def _build_request(self, number: int, kind: str) -> bytes:
        head = f"Host: {HOST}\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Firefox/128.0\r\n"
        if kind == "redirect":
            return f"GET /r/{self.link} HTTP/1.1\r\n{head}\r\n".encode()
        if kind == "page":
            return f"GET /accounts/login/ HTTP/1.1\r\n{head}\r\n".encode()
        body = self._build_order(number)
        head += f"Authorization: Bearer {self.key}\r\nContent-Type: application/json\r\nContent-Length: {len(body)}\r\n"
        return f"PUT /api/v1/orders/L{number} HTTP/1.1\r\n{head}\r\n".encode() + body

    @staticmethod
    def _build_order(number: int) -> bytes:
        now = datetime.now(UTC).isoformat()
        line = {"line_id": "1", "category": "home-decor", "quantity": 1, "amount": "15.30", "refunded": "0.00"}
        order = {"order_id": f"L{number}", "updated_at": now, "status": "paid", "placed_at": now, "completed_at": None}
        buyer = {"currency": "USD", "click_id": None, "coupon": "ANN", "customer": {"ref": "42", "country": "FR"}}
        return json.dumps(order | buyer | {"lines": [line]}).encode()
