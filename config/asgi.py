"""The ASGI application of the click service: tracking links, accord.js and probes, without the portal."""

from lib.early_responses import EarlyRequest, EarlyResponse, wrap_asgi
from shops.landing import script
from tracking.clicks import redirect

PROBES = frozenset({"/healthz", "/readyz"})


def serve_probe(request: EarlyRequest) -> EarlyResponse:
    """Return the response to a probe. It needs Django set up, which the start of the service does, not its import."""
    from portal.monitoring import probes

    return probes.serve(request)


application = wrap_asgi(wrap_asgi(redirect.asgi, script.is_script_path, script.serve), PROBES.__contains__, serve_probe)
