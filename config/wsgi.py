"""The web process: tracking links are answered ahead of Django, everything else by it."""

import gc
import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

django_application = get_wsgi_application()

from tracking.clicks.redirect import warm_up, wrap_wsgi  # noqa: E402  (needs Django set up)

application = wrap_wsgi(django_application)
warm_up()

# A batch of a thousand orders makes some hundred thousand objects that live to its end: looking for cycles among them at
# the usual thresholds costs a quarter of its time.
gc.set_threshold(50_000, 20, 100)
