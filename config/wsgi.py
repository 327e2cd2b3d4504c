"""The WSGI application: tracking links and accord.js are served before Django, everything else by Django."""

import gc

from django.core.wsgi import get_wsgi_application

from config.start import load_settings

load_settings()
django_application = get_wsgi_application()

from lib import request_body  # noqa: E402 -- needs Django set up
from shops.landing import serving  # noqa: E402 -- needs Django set up
from tracking.clicks.redirect import warm_up, wrap_wsgi  # noqa: E402 -- needs Django set up

application = wrap_wsgi(serving.wrap_wsgi(request_body.wrap_wsgi(django_application)))
warm_up()

# A batch of 1000 orders creates about 100,000 objects that live until its end. With the default thresholds, garbage
# collection takes a quarter of its time.
gc.set_threshold(50_000, 20, 100)
