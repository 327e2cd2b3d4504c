"""The ASGI application of the click service: tracking links, accord.js and probes, without the portal."""

import gc

from config import metrics_files
from config.start import load_settings

load_settings()
metrics_files.share_with_siblings()

from lib.early_responses import EarlyRequest, EarlyResponse, wrap_asgi  # noqa: E402 -- needs the settings
from shops.landing import script  # noqa: E402 -- needs the settings
from tracking.clicks import redirect  # noqa: E402 -- needs the settings

PROBES = frozenset({"/healthz", "/readyz", "/metrics"})


def serve_probe(request: EarlyRequest) -> EarlyResponse:
    """Return the response to a probe. It needs Django set up, which the start of the service does, not its import."""
    from portal.monitoring import probes

    return probes.serve(request)


# What a redirect creates is gone with its response. With the default thresholds, looking for more takes 4 % of its time.
gc.set_threshold(50_000, 20, 100)

application = wrap_asgi(wrap_asgi(redirect.asgi, script.is_script_path, script.serve), PROBES.__contains__, serve_probe)
