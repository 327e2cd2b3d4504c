"""The settings under test, with what differs while they are tested."""

import os
import zlib
from urllib.parse import urlsplit

# Where nothing is said, the embedded servers serve: they are for DEBUG alone.
os.environ.setdefault("DEBUG", "1")

from config.environment import BASE_DIR
from config.settings import *  # noqa: F403 -- they read the environment
from config.settings import CACHES, DATABASES, REDIS_URL

# Never database 0, where a `make run` of this checkout keeps its queue; and another for every process of xdist and for
# every name of the test database, so that runs at the same time don't find one another's keys.
_worker = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_number = 1 + (zlib.crc32(DATABASES["default"]["TEST"]["NAME"].encode()) + _worker) % 15
REDIS_URL = urlsplit(REDIS_URL)._replace(path=f"/{_number}").geturl()
CELERY_BROKER_URL = REDIS_URL
CACHES["default"]["LOCATION"] = REDIS_URL
# Nor among the files of a running program.
MEDIA_ROOT = BASE_DIR / ".local" / f"test-media-{_number}"
CLICK_SPOOL_DIR = BASE_DIR / ".local" / f"test-clicks-{_number}"

# The real one is slow on purpose, and nearly every test makes a user.
PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
