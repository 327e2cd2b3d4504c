"""Where the processes of a deployment listen, how many there are, and where they may write."""

from pathlib import Path

from config.environment import BASE_DIR, DEBUG, env, read_integer

# The directory of the code may be read-only; this one may not.
STATE_DIR = Path(env.str("STATE_DIR", default=str(BASE_DIR / ".local")))
BEAT_SCHEDULE_FILE = Path(env.str("BEAT_SCHEDULE_FILE", default=str(STATE_DIR / "celerybeat-schedule")))
# In development files are served from where they are, and nothing is collected.
STATIC_ROOT = None if DEBUG else Path(env.str("STATIC_ROOT", default=str(STATE_DIR / "static")))
MEDIA_ROOT = Path(env.str("MEDIA_ROOT", default=str(STATE_DIR / "media")))
# Where each web process keeps clicks while the database is unavailable.
CLICK_SPOOL_DIR = Path(env.str("CLICK_SPOOL_DIR", default=str(STATE_DIR / "clicks")))

WEB_HOST: str = env.str("WEB_HOST", default="127.0.0.1")
WEB_PORT = read_integer("WEB_PORT", 8000, minimum=1)
WEB_PROCESSES = read_integer("WEB_PROCESSES", 1, minimum=1)
# The threads of each web process, of which only a part may wait for request bodies (lib/request_body.py). Single orders
# that arrive together share a transaction and wait for it. A redirect holds no thread while its click is stored.
WEB_THREADS = read_integer("WEB_THREADS", 64, minimum=8)
CLICK_PORT = read_integer("CLICK_PORT", 8001, minimum=1)
CLICK_PROCESSES = read_integer("CLICK_PROCESSES", 1, minimum=1)
WORKER_PROCESSES = read_integer("WORKER_PROCESSES", 2, minimum=1)

__all__ = (
    "BEAT_SCHEDULE_FILE",
    "CLICK_PORT",
    "CLICK_PROCESSES",
    "CLICK_SPOOL_DIR",
    "MEDIA_ROOT",
    "STATE_DIR",
    "STATIC_ROOT",
    "WEB_HOST",
    "WEB_PORT",
    "WEB_PROCESSES",
    "WEB_THREADS",
    "WORKER_PROCESSES",
)
