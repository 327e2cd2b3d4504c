"""`/healthz`, `/readyz` and `/metrics`, ahead of Django: probes come by IP address and without TLS (specification 12)."""

import json

from lib.early_responses import EarlyRequest, EarlyResponse
from portal.monitoring.readiness import is_ready, readiness

HEALTH, READINESS = "/healthz", "/readyz"
PATHS = frozenset({HEALTH, READINESS})


def is_probe_path(path: str) -> bool:
    """Return whether the path is that of a probe."""
    return path in PATHS


def serve(request: EarlyRequest) -> EarlyResponse:
    """Return the response to a probe."""
    if request.method not in ("GET", "HEAD"):
        return EarlyResponse(405, "Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
    if request.path == READINESS:
        return _build_readiness()
    return _build_response(200, "OK", {"status": "alive"})


def _build_readiness() -> EarlyResponse:
    results = readiness.get_results()
    if is_ready(results):
        return _build_response(200, "OK", {"status": "ready", **results})
    return _build_response(503, "Service Unavailable", {"status": "not ready", **results})


def _build_response(status: int, reason: str, values: dict[str, str]) -> EarlyResponse:
    body = json.dumps(values).encode() + b"\n"
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return EarlyResponse(status, reason, headers, body)
