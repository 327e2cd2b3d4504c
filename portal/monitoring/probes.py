"""`/healthz`, `/readyz` and `/metrics`, ahead of Django: probes come by IP address and without TLS (specification 12)."""

import json

from lib.early_responses import EarlyRequest, EarlyResponse
from portal.monitoring import metrics
from portal.monitoring.readiness import is_ready, readiness

HEALTH, READINESS, METRICS = "/healthz", "/readyz", "/metrics"
PATHS = frozenset({HEALTH, READINESS, METRICS})


def is_probe_path(path: str) -> bool:
    """Return whether the path is that of a probe."""
    return path in PATHS


def serve(request: EarlyRequest) -> EarlyResponse:
    """Return the response to a probe."""
    if request.method not in ("GET", "HEAD"):
        return EarlyResponse(405, "Method Not Allowed", [("Allow", "GET, HEAD"), ("Content-Length", "0")])
    if request.path == READINESS:
        return _build_readiness()
    if request.path == METRICS:
        return _build_metrics(request)
    return _build_json(200, "OK", {"status": "alive"})


def _build_readiness() -> EarlyResponse:
    results = readiness.get_results()
    if is_ready(results):
        return _build_json(200, "OK", {"status": "ready", **results})
    return _build_json(503, "Service Unavailable", {"status": "not ready", **results})


def _build_metrics(request: EarlyRequest) -> EarlyResponse:
    if not metrics.is_allowed(request):
        return _build_response(403, "Forbidden", "text/plain; charset=utf-8", metrics.REFUSAL.encode())
    return _build_response(200, "OK", metrics.CONTENT_TYPE, metrics.render())


def _build_json(status: int, reason: str, values: dict[str, str]) -> EarlyResponse:
    return _build_response(status, reason, "application/json", json.dumps(values).encode() + b"\n")


def _build_response(status: int, reason: str, content_type: str, body: bytes) -> EarlyResponse:
    headers = [
        ("Content-Type", content_type),
        ("Content-Length", str(len(body))),
        ("Cache-Control", "no-store"),
        ("X-Content-Type-Options", "nosniff"),
    ]
    return EarlyResponse(status, reason, headers, body)
