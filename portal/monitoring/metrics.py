"""`/metrics` for Prometheus, for allowed networks only (specification 12)."""

import ipaddress
import os
from functools import cache

from django.conf import settings
from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, CollectorRegistry, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

from lib.client_address import resolve_address
from lib.early_responses import EarlyRequest
from portal.monitoring.program_state import StateCollector
from tracking.clicks.service import get_service

CONTENT_TYPE = CONTENT_TYPE_LATEST
REFUSAL = "Metrics can only be read from METRICS_NETWORKS.\n"


def is_allowed(request: EarlyRequest) -> bool:
    """Return whether the sender is in one of METRICS_NETWORKS.

    A request through a proxy that TRUSTED_PROXIES does not count has the proxy's address, so it is refused.
    """
    forwarded = request.headers.get("x-forwarded-for", "")
    if not settings.TRUSTED_PROXIES and (forwarded or "forwarded" in request.headers):
        return False
    address = resolve_address(request.peer, forwarded)
    return bool(address) and any(ipaddress.ip_address(address) in network for network in settings.METRICS_NETWORKS)


def render() -> bytes:
    """Return the metrics of all processes of this server, and of the program."""
    get_service().visits.count()
    return generate_latest(_get_counters()) + generate_latest(_get_state())


def _get_counters() -> CollectorRegistry:
    # Set where several processes of one server share their counters (config/metrics_files.py).
    directory = os.environ.get("PROMETHEUS_MULTIPROC_DIR")
    if not directory:
        return REGISTRY
    registry = CollectorRegistry()
    MultiProcessCollector(registry, path=directory)
    return registry


@cache
def _get_state() -> CollectorRegistry:
    registry = CollectorRegistry()
    registry.register(StateCollector())
    return registry
