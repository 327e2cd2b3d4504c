"""Reports to Sentry hold no personal data (specification 12)."""

import gzip
import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest

from lib.error_reports import clean_text

ROOT = Path(__file__).parents[2]
PERSONAL = ("ann@example.com", "bob@example.com", "query@example.com", "s3cret", "203.0.113", "2001:db8", "DE8937", "Ann Arbor",
            "sessionid")  # fmt: skip


@pytest.fixture
def reports():
    """The bodies that a Sentry received, and its DSN."""
    bodies: list[bytes] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(gzip.decompress(body) if self.headers.get("Content-Encoding") == "gzip" else body)
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"{}")

        def log_message(self, *args: object) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    yield bodies, f"http://key@127.0.0.1:{server.server_port}/1"
    server.shutdown()
    server.server_close()


def test_unexpected_errors_are_reported_without_personal_data(reports):
    bodies, dsn = reports
    environment = os.environ | {
        "SENTRY_DSN": dsn,
        "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
        "REDIS_URL": "redis://127.0.0.1:1/0",
        "PYTHONPATH": str(ROOT),
        # Not in the source of the program, which a report quotes.
        "TEXT": "no payout for ann@example.com from 203.0.113.77 or 2001:db8::17, DE89370400440532013000\n"
        "DETAIL:  Key (name)=(Ann Arbor) exists.",
    }
    subprocess.run(
        [sys.executable, "tests/lib/failing_program.py"], cwd=ROOT, env=environment, check=True, capture_output=True
    )
    lines = [line for body in bodies for line in body.splitlines() if line]
    events = [event for event in map(json.loads, lines) if "event_id" in event and "sdk" in event and "level" in event]
    text = json.dumps(events)
    assert [word for word in PERSONAL if word in text] == []
    errors = {str(event.get("exception", event.get("logentry"))): event for event in events}
    assert len(events) == 2, errors
    (failure,) = [event for event in events if "exception" in event]
    (error,) = failure["exception"]["values"]
    assert error["type"] == "ValueError"
    assert error["stacktrace"]["frames"][-1]["function"] == "fail"
    assert failure["transaction"] == "/fail/{token}/"
    assert failure["tags"]["request_id"] == "request-17"
    (message,) = [event for event in events if "exception" not in event]
    assert message["logentry"]["message"] == "No e-mail for %s"


def test_text_without_personal_data_stays():
    text = "division by zero at 12:30 in line 3 of tracking.clicks.writer: 4.0 != 5"
    assert clean_text(text) == text
