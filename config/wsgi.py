"""The WSGI application: tracking links, accord.js and probes are served before Django, everything else by Django."""

import gc

from django.core.wsgi import get_wsgi_application

from config import metrics_files
from config.start import load_settings
from lib.thread_connections import close_connections_with_threads

load_settings()
metrics_files.share_with_siblings()
close_connections_with_threads()
django_application = get_wsgi_application()

from lib import request_body  # noqa: E402 -- needs Django set up
from lib.early_responses import wrap_wsgi as wrap_early  # noqa: E402 -- needs Django set up
from portal.monitoring import probes  # noqa: E402 -- needs Django set up
from shops.landing import script  # noqa: E402 -- needs Django set up
from tracking.clicks.redirect import respond_later, warm_up, wrap_wsgi  # noqa: E402 -- needs Django set up

application = request_body.wrap_wsgi(django_application)
application = wrap_early(application, probes.is_probe_path, probes.serve)
application = wrap_early(application, script.is_script_path, script.serve)
application = wrap_wsgi(application)
application.respond_later = respond_later  # type: ignore[attr-defined]  # for config/http_server.py
warm_up()

# A batch of 1000 orders creates about 100,000 objects that live until its end. With the default thresholds, garbage
# collection takes a quarter of its time.
gc.set_threshold(50_000, 20, 100)
