"""The web server: what its workers call for each request."""

from typing import Any

import pytest

from config import http_server


class Protocol:
    """The connection of a request, which keeps the response."""

    def __init__(self) -> None:
        self.response: tuple[int, list[tuple[str, str]], bytes] | None = None

    def response_bytes(self, status: int, headers: list[tuple[str, str]], body: bytes) -> None:
        self.response = status, headers, body


class Application:
    """Answers later what has the path /later, and everything else at once."""

    def __init__(self) -> None:
        self.pending: list[Any] = []

    def respond_later(self, environ: dict[str, Any], send: Any) -> bool:
        if environ["PATH_INFO"] != "/later":
            return False
        self.pending.append(send)
        return True

    def __call__(self, environ: dict[str, Any], start_response: Any) -> list[bytes]:
        start_response("200 OK", [("A", environ["SERVER_SOFTWARE"])])
        return [b"at once"]


@pytest.fixture
def application() -> Application:
    return Application()


def test_application_may_answer_after_its_thread_has_returned(application: Application) -> None:
    protocol = Protocol()
    http_server.wrap_application(application, {})(protocol, {"PATH_INFO": "/later"})
    assert protocol.response is None
    application.pending[0](302, [], b"later")
    assert protocol.response == (302, [], b"later")


def test_other_requests_are_answered_as_granian_does(application: Application) -> None:
    protocol = Protocol()
    http_server.wrap_application(application, {})(protocol, {"PATH_INFO": "/"})
    assert protocol.response == (200, [("A", "Granian")], b"at once")


def test_application_without_late_responses_is_called(application: Application) -> None:
    protocol = Protocol()
    http_server.wrap_application(application.__call__, {})(protocol, {"PATH_INFO": "/later"})
    assert protocol.response == (200, [("A", "Granian")], b"at once")
