"""The processes of the program, each as a node with a directory of its own."""

import os
import signal
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from benchmarks.server import HERE, find_free_port, wait_for

HOST = "scale.test"


class Node:
    """A process of `config.serve`, with its port if it has one."""

    def __init__(self, role: str, folder: Path, environment: dict[str, str], **variables: object) -> None:
        self.role, self.folder, self.port = role, folder, find_free_port()
        folder.mkdir(parents=True)
        own = {"WEB_PORT": self.port, "CLICK_PORT": self.port, "CLICK_SPOOL_DIR": folder / "clicks", **variables}
        self.environment = environment | {name: str(value) for name, value in own.items()}

    def start(self) -> None:
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "config.serve", self.role],
                cwd=HERE,
                env=os.environ | self.environment,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
        if self.role in ("web", "click"):
            wait_for(self.port)

    def kill(self) -> None:
        """Kill the process and its children at once."""
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def read_errors(self) -> list[str]:
        lines = (self.folder / "log").read_text(errors="replace").splitlines()
        return [line for line in lines if " ERROR " in line or "Traceback" in line]


def build_environment(*, database: str, replica: str, redis: str, folder: Path) -> dict[str, str]:
    """Return the variables that all nodes share, as in production."""
    return {
        "DEBUG": "0",
        "SECRET_KEY": os.environ["SECRET_KEY"],
        "DATABASE_URL": database,
        "DATABASE_REPLICA_URL": replica,
        "REDIS_URL": redis,
        "BASE_URL": f"https://{HOST}",
        "ALLOWED_HOSTS": HOST,
        "EMAIL_URL": "dummymail://",
        "TRUSTED_PROXIES": "1",
        "STAFF_MFA_REQUIRED": "0",
        "CLICK_FLOOD_PER_MINUTE": "999999999",
        "API_REQUESTS_PER_MINUTE": "0",
        "WEB_THREADS": os.environ.get("WEB_THREADS", "64"),
        "STATE_DIR": str(folder),
        "LOG_LEVEL": "WARNING",
    }
