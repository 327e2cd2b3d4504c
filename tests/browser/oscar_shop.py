"""The shop of tests/shop in a process of its own, with a database of its own."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-shop" / "bin" / "python"
READY_SECONDS = 60


def require_environment() -> None:
    """Skip the test, or fail it in CI, if `make shop` or `make test` has not installed the shop."""
    if not PYTHON.exists():
        if os.environ.get("CI"):
            pytest.fail("the shop is not installed: run make .venv-shop/installed")
        pytest.skip("the shop is not installed: run make .venv-shop/installed")


@contextmanager
def run_shop(*, port: int, folder: Path, hook_url: str, secret: str) -> Iterator[str]:
    """Run the shop with a new database, and return its address."""
    variables = {"SHOP_DATA": str(folder), "SHOP_HOOK_URL": hook_url, "SHOP_HOOK_SECRET": secret}
    environment = {"PATH": os.environ["PATH"], "HOME": str(folder)} | variables
    log = folder / "shop.log"
    with log.open("wb") as output:
        _manage("load_shop", environment=environment, output=output).wait(READY_SECONDS)
        process = _manage("runserver", f"127.0.0.1:{port}", "--noreload", environment=environment, output=output)
        try:
            _wait_for_port(port, process, log)
            yield f"http://127.0.0.1:{port}"
        finally:
            process.terminate()
            process.wait()


def _manage(*arguments: str, environment: dict[str, str], output) -> subprocess.Popen[bytes]:
    command = [str(PYTHON), str(ROOT / "tests" / "shop" / "manage.py"), *arguments]
    return subprocess.Popen(command, env=environment, stdout=output, stderr=output)


def _wait_for_port(port: int, process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + READY_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    pytest.fail(f"the shop did not start: {log.read_text(encoding='utf-8', errors='replace')[-2000:]}")
