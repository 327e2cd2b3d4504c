"""The short form of `make scale`: each part of an installation of several nodes ends under load, and nothing is lost."""

import os
import subprocess
import sys

import pytest

from tests import pooler
from tests.scale import balancer

STEP_SECONDS = os.environ.get("SCALE_STEP_SECONDS", "")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not STEP_SECONDS, reason="part of make faults"),
    pytest.mark.skipif(not (pooler.PROGRAM and balancer.PROGRAM), reason="needs nginx and pgbouncer"),
]


def test_nodes_and_servers_that_end_lose_nothing(report_line):
    sizes = {"SCALE_STEP_SECONDS": STEP_SECONDS, "SCALE_MIXED_SECONDS": "30", "SCALE_ROUNDS": "0"}
    # Its own servers, not those of the tests.
    names = ("DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    done = subprocess.run(
        [sys.executable, "-m", "tests.scale"], env=environment | sizes, capture_output=True, text=True, check=False
    )
    report_line(done.stdout)
    assert done.returncode == 0, done.stdout + done.stderr[-2000:]
