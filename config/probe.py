"""`python -m config.probe`: exit status 0 if the process of this container is alive, else 1 and the cause.

The probe of the image (docs/containers.md). It never asks a store, because restarting a process that waits for
PostgreSQL or Valkey would lose what it remembers and help nobody.
"""

import http.client
import os
import sys
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path

from config import processes

# The argument by which the command line of a container's first process tells its role: that of `config.serve`, or of
# the server that it has become.
ROLES = {
    "config.wsgi:application": "web",
    "config.asgi:application": "click",
    "web": "web",
    "click": "click",
    "worker": "worker",
    "beat": "beat",
}
TIMEOUT_SECONDS = 10


def main() -> int:
    """Probe the process of this container. Return the exit status."""
    first_process = Path("/proc/1/cmdline").read_bytes().decode(errors="replace").split("\0")
    match role := find_role(first_process):
        case "web":
            fault = find_http_fault(processes.WEB_PORT)
        case "click":
            fault = find_http_fault(processes.CLICK_PORT)
        case "worker" | "beat":
            os.execv(sys.executable, [sys.executable, "manage.py", "liveness", role])  # noqa: S606 -- no shell is meant
        case _:
            fault = f"this container runs none of {', '.join(sorted(set(ROLES.values())))}"
    if fault:
        print(fault, file=sys.stderr)
    return 1 if fault else 0


def find_role(command: Sequence[str]) -> str | None:
    """Return the role of the process with this command line."""
    return next((ROLES[argument] for argument in command if argument in ROLES), None)


def find_http_fault(port: int) -> str:
    """Return why the server on this port does not answer `/healthz`, or ""."""
    with closing(http.client.HTTPConnection("127.0.0.1", port, timeout=TIMEOUT_SECONDS)) as client:
        try:
            client.request("GET", "/healthz")
            status = client.getresponse().status
        except (OSError, http.client.HTTPException) as error:
            return f"port {port} does not answer: {error}"
    return "" if status == 200 else f"/healthz on port {port} answers {status}"


if __name__ == "__main__":
    sys.exit(main())
