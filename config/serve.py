"""`python -m config.serve ROLE`: start one process of a deployment, where ROLE is web, click, worker, beat or migrate.

The program becomes the server process (exec), so that signals reach it.
"""

import os
import sys
from collections.abc import Callable

from django.core.exceptions import ImproperlyConfigured

USAGE = "usage: python -m config.serve web|click|worker|beat|migrate"


class CannotServeError(Exception):
    """A precondition is not met; the text says which."""


def main(arguments: list[str]) -> None:
    """Become the process of the role. Exit with 2 if that fails."""
    if len(arguments) != 1 or arguments[0] not in ROLES:
        print(USAGE, file=sys.stderr)
        sys.exit(2)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
    try:
        command = ROLES[arguments[0]]()
    except (CannotServeError, ImproperlyConfigured) as error:
        print(f"config.serve {arguments[0]}: {error}", file=sys.stderr)
        sys.exit(2)
    os.execv(sys.executable, [sys.executable, *command])  # noqa: S606 -- no shell is meant


def prepare_web() -> list[str]:
    """Collect static files where they are missing or old. Return the arguments of Python for the web process."""
    import django

    from config import processes, static_files
    from config.environment import DEBUG

    if not DEBUG:
        django.setup()
        try:
            static_files.collect_if_changed()
        except OSError as error:
            raise CannotServeError(f"STATIC_ROOT is not writable: {error}") from None
    return [
        *build_granian("wsgi"),
        *("--host", processes.WEB_HOST, "--port", str(processes.WEB_PORT)),
        *("--workers", str(processes.WEB_PROCESSES), "--blocking-threads", str(processes.WEB_THREADS)),
        "config.wsgi:application",
    ]


def prepare_click() -> list[str]:
    """Return the arguments of Python for the click service."""
    from config import processes

    return [
        *build_granian("asgi"),
        *("--host", processes.WEB_HOST, "--port", str(processes.CLICK_PORT)),
        *("--workers", str(processes.CLICK_PROCESSES)),
        "config.asgi:application",
    ]


def build_granian(interface: str) -> list[str]:
    """Return the arguments that both web servers share. A socket of the service manager takes the place of the port."""
    return ["-m", "config.http_server", "--interface", interface, "--log-level", "warning"]


def prepare_worker() -> list[str]:
    """Return the arguments of Python for the worker."""
    from config import processes

    return [*build_celery(), "worker", "--concurrency", str(processes.WORKER_PROCESSES), "--loglevel", "warning"]


def prepare_beat() -> list[str]:
    """Return the arguments of Python for beat, whose schedule file is made writable or refused here."""
    from config import processes

    file = processes.BEAT_SCHEDULE_FILE
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise CannotServeError(f"BEAT_SCHEDULE_FILE cannot be written: {error}") from None
    if not os.access(file.parent, os.W_OK | os.X_OK):
        raise CannotServeError(f"BEAT_SCHEDULE_FILE cannot be written: {file.parent} is not writable")
    return [*build_celery(), "beat", "--schedule", str(file), "--pidfile", "", "--loglevel", "warning"]


def build_celery() -> list[str]:
    """Return the arguments that worker and beat share."""
    # Hides the warning about running as root, which is fine for a trial.
    return ["-W", "ignore:You're running the worker", "-m", "celery", "--quiet", "--app", "config"]


def prepare_migrate() -> list[str]:
    """Return the arguments of Python for migrations, by the owner of the tables where DATABASE_OWNER_URL names one."""
    from config import databases
    from config.environment import BASE_DIR, env, read_required

    manage = str(BASE_DIR / "manage.py")
    owner: str = env.str("DATABASE_OWNER_URL", default="")
    if not owner:
        return [manage, "migrate"]
    application = databases.parse_url(read_required("DATABASE_URL", ""))
    os.environ["DATABASE_URL"] = owner
    return [manage, "migrate_as_owner", str(application["USER"])]


ROLES: dict[str, Callable[[], list[str]]] = {
    "web": prepare_web,
    "click": prepare_click,
    "worker": prepare_worker,
    "beat": prepare_beat,
    "migrate": prepare_migrate,
}

if __name__ == "__main__":
    main(sys.argv[1:])
