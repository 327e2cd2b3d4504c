"""The ASGI application of the click service: tracking links and accord.js, without the portal."""

from shops.landing.serving import wrap_asgi
from tracking.clicks import redirect

application = wrap_asgi(redirect.asgi)
