"""Fetch a page of a shop for staff: never from a private network, with limits of size and time."""

from typing import NamedTuple

import requests
from requests_hardened import Config, Manager
from requests_hardened.ip_filter import InvalidIPAddress
from urllib3.exceptions import HTTPError

CONNECT_SECONDS, READ_SECONDS = 3.0, 5.0
MAX_BYTES = 2 * 1024 * 1024
MAX_REDIRECTS = 5
# Shops refuse programs that do not look like a browser.
_AGENT = "Mozilla/5.0 (compatible; Accord landing page check)"
ALLOWS_LOOPBACK = False  # tests set it


class FetchFailed(Exception):
    """There is no page; the text says why."""


class FetchedPage(NamedTuple):
    """A page: `url` is its own after redirects, `cookies` are the headers `Set-Cookie` of all responses."""

    url: str
    status: int
    cookies: tuple[str, ...]
    text: str


def fetch_page(url: str) -> FetchedPage:
    """Return the page that a visitor gets at `url`. Raises FetchFailed."""
    timeout = (CONNECT_SECONDS, READ_SECONDS)
    config = Config(True, ALLOWS_LOOPBACK, False, timeout, _AGENT)
    try:
        with Manager(config).get_session() as session:
            # Neither a proxy nor passwords of the environment.
            session.trust_env, session.max_redirects = False, MAX_REDIRECTS
            with session.get(url, stream=True) as response:
                body = b""
                for piece in response.iter_content(64 * 1024):
                    body += piece
                    if len(body) > MAX_BYTES:
                        raise FetchFailed(f"it is longer than {MAX_BYTES // 1024 // 1024} MiB")
                answers = [*response.history, response]
                cookies = tuple(text for answer in answers for text in answer.raw.headers.getlist("Set-Cookie"))
                return FetchedPage(response.url, response.status_code, cookies, body.decode("utf-8", "replace"))
    except InvalidIPAddress:
        raise FetchFailed("its address is in a private network") from None
    except requests.TooManyRedirects:
        raise FetchFailed("it redirects too often") from None
    except (requests.RequestException, HTTPError, OSError, ValueError) as error:
        raise FetchFailed(f"it could not be reached ({type(error).__name__})") from None
