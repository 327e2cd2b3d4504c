"""A client of the orders API. It needs Python 3.9 and nothing else.

client = OrdersClient("https://affiliates.example.com", key)
client.send(order)
"""

import json
import time
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.parse import quote
from urllib.request import Request, urlopen

# The rate limit of the key is reached, the connection is slow, or a part of the program is away for a moment.
RETRIED = (408, 429, 500, 502, 503, 504)


class ApiError(Exception):
    """The request is wrong as it is: sending it again does not help. The text is the API's error."""


class Conflict(ApiError):
    """The program knows another content of the order with this `updated_at`, which is too coarse to tell them apart.

    Read the order from your database again, and send that with the present time, to the microsecond, as `updated_at`.
    Never send an old content with a new time: the newest wins.
    """


class OrdersClient:
    def __init__(self, url: str, key: str, tries: int = 6) -> None:
        self.url, self.key, self.tries = f"{url}/api/v1/orders", key, tries

    def send(self, order: dict[str, Any]) -> Any:
        """Send an order and return its result. Sending the same content again is harmless."""
        return self._call("PUT", quote(order["order_id"], safe=""), order)

    def send_batch(self, orders: list[dict[str, Any]]) -> Any:
        """Send up to 1,000 orders and return the result of each, whose `outcome` may be `conflict` or `rejected`."""
        return self._call("POST", "batch", orders)

    def get(self, order_id: str) -> Any:
        return self._call("GET", quote(order_id, safe=""))

    def _call(self, method: str, path: str, content: object = None) -> Any:
        body = None if content is None else json.dumps(content).encode()
        headers = {"Authorization": f"Bearer {self.key}", "Content-Type": "application/json"}
        waits = [2.0**number for number in range(self.tries - 1)]
        while True:
            try:
                with urlopen(Request(f"{self.url}/{path}", body, headers, method=method), timeout=60) as response:
                    return json.load(response)
            except HTTPError as error:
                text = error.read().decode(errors="replace")
                if error.code not in RETRIED:
                    raise (Conflict if error.code == 409 else ApiError)(f"{error.code}: {text}") from None
                if not waits:
                    raise
                # With 429 and 503 the API says how many seconds to wait.
                time.sleep(max(waits.pop(0), float(error.headers.get("Retry-After", 0))))
            except (URLError, TimeoutError):
                if not waits:
                    raise
                time.sleep(waits.pop(0))
