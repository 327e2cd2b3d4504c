"""Ports for the servers that tests start.

They are outside of the range from which systems take the ports of outgoing connections, which could take one between the
moment it is found free and the start of its server, or while that server is restarted.
"""

import os
from itertools import count

from config.embedded.server import find_free_port as find_free_port_from

# Processes of the same time begin at different numbers.
_WORKER = int(os.environ.get("PYTEST_XDIST_WORKER", "gw0").removeprefix("gw"))
_wanted = count(10_000 + _WORKER * 1_000 + os.getpid() % 50 * 20)
_given: set[int] = set()


def find_free_port() -> int:
    """Return a free port that this process has not returned before."""
    port = next(port for port in map(find_free_port_from, _wanted) if port not in _given)
    _given.add(port)
    return port
