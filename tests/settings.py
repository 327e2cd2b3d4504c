"""Settings for tests: those of the product, with a few changes."""

import os
import zlib
from urllib.parse import urlsplit

# Without DATABASE_URL the embedded servers are used, which need DEBUG.
os.environ.setdefault("DEBUG", "1")

from config.environment import BASE_DIR

# Each worker has servers of its own: a transaction of one test would delay the daily roll-ups of another.
_folder = os.environ.get("PYTEST_XDIST_WORKER")
OWN_SERVERS = bool(_folder) and not os.environ.get("DATABASE_URL")
if OWN_SERVERS:
    from config import embedded

    os.environ["DATABASE_URL"], os.environ["REDIS_URL"] = embedded.get_urls(BASE_DIR / ".local" / str(_folder))

from config.settings import *  # noqa: E402, F403 -- they read the environment
from config.settings import CACHES, DATABASES, MIDDLEWARE, REDIS_URL  # noqa: E402

# Never database 0, which has the queue of `make run`. The number depends on the worker and on the name of the test
# database, so that simultaneous runs do not share keys.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_number = 1 + (zlib.crc32(DATABASES["default"]["TEST"]["NAME"].encode()) + _worker) % 15
REDIS_URL = urlsplit(REDIS_URL)._replace(path=f"/{_number}").geturl()
CELERY_BROKER_URL = REDIS_URL
CACHES["default"]["LOCATION"] = REDIS_URL
# Nor share files with a running program.
MEDIA_ROOT = BASE_DIR / ".local" / f"test-media-{_number}"
CLICK_SPOOL_DIR = BASE_DIR / ".local" / f"test-clicks-{_number}"

# Pages of a trial only.
SHOW_SENT_MAIL = False
SHOW_COMPONENTS = False

# The product's hasher is slow on purpose, and nearly every test creates a user.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]

# Every test client builds the middleware, and this one looks at all static files first. `live_server` needs none of it.
MIDDLEWARE = [name for name in MIDDLEWARE if name != "portal.static_files.StaticFilesMiddleware"]
