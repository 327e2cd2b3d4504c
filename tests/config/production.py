"""The environment of a deployment, and a process in it."""

import os
import subprocess
import sys

from django.conf import settings

SECRET_KEY = "kQ3v9Zr-1xT7bW_mYc5LhJd8RfUe2NsGa6Po4iBtVwXyEzHqMlKjC0SgAn"
PRODUCTION = {
    "DEBUG": "0",
    "SECRET_KEY": SECRET_KEY,
    "DATABASE_URL": "postgres://nobody@127.0.0.1:1/none",
    "REDIS_URL": "redis://127.0.0.1:1/0",
    "BASE_URL": "https://example.com",
    "ALLOWED_HOSTS": "example.com",
    "EMAIL_URL": "smtp://127.0.0.1:25",
}


def run_python(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """Run Python in a deployment with these `variables`; an empty one is unset."""
    environment = {"PATH": os.environ["PATH"], **PRODUCTION, **variables}
    return subprocess.run(
        [sys.executable, *arguments],
        cwd=settings.BASE_DIR,
        env={name: value for name, value in environment.items() if value},
        capture_output=True,
        text=True,
        check=False,
    )
