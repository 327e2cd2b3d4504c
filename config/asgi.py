"""The ASGI application of the click service: tracking links and accord.js, without the portal."""

from config.start import load_settings

load_settings()

from shops.landing.serving import wrap_asgi  # noqa: E402 -- needs the settings
from tracking.clicks import redirect  # noqa: E402 -- needs the settings

application = wrap_asgi(redirect.asgi)
