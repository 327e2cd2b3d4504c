"""Requests to addresses that staff entered: never to private networks, never redirected, limited in size and time.

The address of a host is looked up once, checked, and connected to, so that a name can't point elsewhere in between.
"""

import time
from collections.abc import Mapping
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Self
from urllib.parse import urlsplit

import requests
from requests.adapters import HTTPAdapter
from requests_hardened import Config, Manager
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError
from urllib3.util import Retry

CONNECT_SECONDS, READ_SECONDS, TOTAL_SECONDS = 5.0, 20.0, 60.0
MAX_BYTES = 10 * 1024 * 1024
PIECE_BYTES = 64 * 1024
RETRIES = 2
BACKOFF_SECONDS = 0.5
RETRIED_STATUSES = (429, 502, 503, 504)


class RequestFailed(Exception):
    """There is no usable answer. The text says why, `status` is that of the answer, or 0."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class AnswerTooLong(RequestFailed):
    """The answer is longer than MAX_BYTES."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A successful answer. Names of headers are compared ignoring case."""

    headers: Mapping[str, str]
    body: bytes


class HttpClient:
    """Sends requests with the same credentials to one server. With `allow_loopback` also to this machine, for tests."""

    def __init__(self, *, auth: tuple[str, str] | None = None, allow_loopback: bool = False) -> None:
        self._allow_loopback = allow_loopback
        self._session = Manager(
            Config(
                ip_filter_enable=True,
                ip_filter_allow_loopback_ips=allow_loopback,
                never_redirect=True,
                default_timeout=(CONNECT_SECONDS, READ_SECONDS),
                user_agent_override="Accord",
            )
        ).get_session()
        # Neither a proxy nor passwords of the environment.
        self._session.trust_env = False
        self._session.auth = auth
        for adapter in self._session.adapters.values():
            if isinstance(adapter, HTTPAdapter):
                adapter.max_retries = Retry(
                    total=RETRIES,
                    backoff_factor=BACKOFF_SECONDS,
                    status_forcelist=RETRIED_STATUSES,
                    allowed_methods=None,
                    raise_on_status=False,
                    respect_retry_after_header=False,
                )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._session.close()

    def get(
        self, url: str, params: Mapping[str, str] | None = None, headers: Mapping[str, str] | None = None
    ) -> Answer:
        """Return the answer to a GET. Raises RequestFailed."""
        return self._send("GET", url, params=params, headers=headers)

    def post(self, url: str, json: Any, headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a POST that only reads, such as GraphQL: it may be repeated. Raises RequestFailed."""
        return self._send("POST", url, json=json, headers=headers)

    def post_form(self, url: str, fields: Mapping[str, str], headers: Mapping[str, str] | None = None) -> Answer:
        """Return the answer to a form that only reads, such as one that asks for a token. Raises RequestFailed."""
        return self._send("POST", url, data=fields, headers=headers)

    def _send(self, method: str, url: str, **details: Any) -> Answer:
        check_url(url, allow_loopback=self._allow_loopback)
        started = time.monotonic()
        try:
            with self._session.request(method, url, stream=True, **details) as response:
                if not 200 <= response.status_code < 300:
                    raise RequestFailed(_describe_status(response), response.status_code)
                return Answer(response.headers, _read(response, started))
        except InvalidIPAddress:
            raise RequestFailed("the address is in a private network") from None
        except requests.Timeout:
            raise RequestFailed("there was no answer in time") from None
        except (requests.RequestException, HTTPError, OSError, UnicodeError) as error:
            raise RequestFailed(f"the connection failed ({type(error).__name__})") from None


def check_url(url: str, *, allow_loopback: bool = False) -> None:
    """Raise RequestFailed unless the address may be called: HTTPS, a host, and no password."""
    try:
        parts = urlsplit(url)
        host = parts.hostname
        parts.port  # noqa: B018 -- raises ValueError for what is no port
    except ValueError:
        raise RequestFailed("the address is malformed") from None
    if parts.scheme != "https" and not (allow_loopback and parts.scheme == "http"):
        raise RequestFailed("the address does not begin with https://")
    if not host or parts.username is not None or parts.password is not None:
        raise RequestFailed("the address must have a host and no user name or password")


def _read(response: requests.Response, started: float) -> bytes:
    pieces, size = [], 0
    for piece in response.iter_content(PIECE_BYTES):
        pieces.append(piece)
        size += len(piece)
        if size > MAX_BYTES:
            raise AnswerTooLong(f"the answer is longer than {MAX_BYTES // 1024 // 1024} MiB", response.status_code)
        if time.monotonic() - started > TOTAL_SECONDS:
            raise RequestFailed("the answer took too long", response.status_code)
    return b"".join(pieces)


def _describe_status(response: requests.Response) -> str:
    status = response.status_code
    if status in (401, 403):
        return f"the key was refused ({status})"
    if 300 <= status < 400:
        return f"the address redirects to another one ({status}), which is not followed"
    return f"the answer had the status {status}"
