"""Run the whole program on one machine as on several, load it, and end its parts one after the other.

    python -m tests.scale

SCALE_STEP_SECONDS is the time of each step, SCALE_MIXED_SECONDS that of the mixed load without a fault, and
SCALE_ROUNDS the number of rounds in which one click node is compared with two; 0 leaves a part out. Prints a table, and
exits with 1 if something was lost or doubled, if the close differs from that of a single node, or if the mixed load had
a 5xx. Needs nginx and pgbouncer.
"""

import os
import secrets
import sys
import tempfile
from pathlib import Path

import django

from tests import pooler
from tests.scale import balancer
from tests.scale.rows import print_rows
from tests.scale.servers import Servers


def main() -> int:
    for program, name in ((pooler.PROGRAM, "pgbouncer"), (balancer.PROGRAM, "nginx")):
        if not program:
            print(f"make scale needs {name}", file=sys.stderr)
            return 2
    os.environ |= {"DEBUG": "1", "DJANGO_SETTINGS_MODULE": "config.settings", "SECRET_KEY": secrets.token_urlsafe(50)}
    with tempfile.TemporaryDirectory(prefix="accord-scale-") as folder:
        servers = Servers(Path(folder))
        try:
            servers.start_primary()
            return run(Path(folder), servers)
        finally:
            servers.stop()


def run(folder: Path, servers: Servers) -> int:
    """Run all parts. Django reads the address of the primary, so that has been started."""
    django.setup()
    from tests.scale import parts
    from tests.scale.installation import Installation

    installation = Installation(folder, servers)
    try:
        installation.start()
        return print_rows(parts.run_parts(installation))
    finally:
        installation.stop()


if __name__ == "__main__":
    sys.exit(main())
