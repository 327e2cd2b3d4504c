"""The redirect against a bare granian of the same interface, and what kills lose of it (PERFORMANCE 3).

    python -m benchmarks.redirect [--rounds 5] [--seconds 3]

Only ratios within a run count: rounds of bare and ours alternate, and the median is what is said. Everything happens in
a database of its own, which is dropped at the end.
"""

import argparse
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import parse_qs, urlsplit

HERE = Path(__file__).parents[1]
DATABASE = "accord_bench_redirect"
BARE = """
def wsgi(environ, start_response):
    start_response("302 Found", [("Location", "https://shop.example/"), ("Content-Length", "0")])
    return [b""]

async def asgi(scope, receive, send):
    if scope["type"] == "http":
        headers = [(b"location", b"https://shop.example/"), (b"content-length", b"0")]
        await send({"type": "http.response.start", "status": 302, "headers": headers})
        await send({"type": "http.response.body", "body": b""})
"""
OURS = {"wsgi": "config.wsgi:application", "asgi": "tracking.redirect:asgi"}
THREADS = {"wsgi": ["--blocking-threads", "16"], "asgi": []}
CONNECTIONS = 64
KILLS = 5


@contextmanager
def own_database() -> Iterator[str]:
    """A fresh database on the server that the checkout uses; its address."""
    import psycopg

    os.environ.setdefault("DEBUG", "1")
    address = os.environ.get("DATABASE_URL", "")
    if not address:
        from config import embedded

        address = embedded.database_url(HERE / ".local")
    with psycopg.connect(address, autocommit=True) as server:
        server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)")
        server.execute(f"CREATE DATABASE {DATABASE}")
        try:
            yield urlsplit(address)._replace(path=f"/{DATABASE}").geturl()
        finally:
            server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)")


def fill() -> str:
    """A program with one affiliate and one link; the link's path."""
    import django

    django.setup()
    from django.core.management import call_command
    from django.utils import timezone

    from agreements.models import Program
    from tests import worlds
    from tracking import links

    call_command("migrate", verbosity=0)
    worlds.begin()
    Program.objects.update_or_create(pk=1, defaults={"shop_hosts": ["shop.example"]})
    with tempfile.TemporaryDirectory() as folder:
        affiliate = worlds.bring_over(["BENCH"], Path(folder))["BENCH"]
    link = links.create(affiliate=affiliate, target="https://shop.example/p?a=1#x", now=timezone.now(), by=None)
    return f"/r/{link.code}?sub1=news&sub2=spring"


@contextmanager
def served(interface: str, application: str, folder: str) -> Iterator[tuple[int, "subprocess.Popen[bytes]"]]:
    """A granian with one worker; its port and its process, killed at the end."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    where = ["--host", "127.0.0.1", "--port", str(port), "--log-level", "critical"]
    environment = os.environ | {"PYTHONPATH": f"{folder}:{HERE}", "CLICK_FLOOD_PER_MINUTE": "1000000000"}
    process = subprocess.Popen(
        [sys.executable, "-m", "granian", *where, "--interface", interface, *THREADS[interface], application],
        cwd=HERE,
        env=environment,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
    )
    try:
        wait_for(port)
        yield port, process
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()


def wait_for(port: int) -> None:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        with socket.socket() as probe:
            if probe.connect_ex(("127.0.0.1", port)) == 0:
                return
        time.sleep(0.1)
    raise SystemExit("the server did not start")


def load(port: int, path: str, seconds: float, keep: bool = False) -> dict[str, Any]:
    arguments = [str(port), path, str(CONNECTIONS), str(seconds), "keep" if keep else "-"]
    done = subprocess.run(
        [sys.executable, "-m", "benchmarks.load", *arguments], cwd=HERE, check=True, capture_output=True, text=True
    )
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def ratio(interface: str, path: str, folder: str, rounds: int, seconds: float) -> dict[str, Any]:
    """Ours against bare, in alternation."""
    ratios, rates = [], []
    with (
        served(interface, f"bare:{interface}", folder) as (bare, _),
        served(interface, OURS[interface], folder) as (ours, _),
    ):
        load(bare, path, 1)
        load(ours, path, 2)  # the first visits load the link and connect
        for _round in range(rounds):
            below = load(bare, path, seconds)["rate"]
            rates.append(load(ours, path, seconds)["rate"])
            ratios.append(rates[-1] / below)
    return {
        "work": f"redirect, {interface}, click durable: ÷ bare granian",
        "value": median(ratios),
        "spread": (min(ratios), max(ratios)),
        "at least": 0.12,
        "per second": median(rates),
    }


def kills(interface: str, path: str, folder: str) -> dict[str, Any]:
    """Clicks that were acknowledged before every process was killed, and are not there."""
    from tracking import click_ids
    from tracking.models import Click

    acknowledged, lost = 0, 0
    for _round in range(KILLS):
        with served(interface, OURS[interface], folder) as (port, process):
            load(port, path, 1)
            killer = threading.Timer(2, os.killpg, (process.pid, signal.SIGKILL))
            killer.start()
            locations = load(port, path, 4, keep=True)["locations"]
            killer.join()
        receipts = [click_ids.read(parse_qs(urlsplit(one).query)["click_id"][0]) for one in locations]
        nonces = {receipt.nonce for receipt in receipts if receipt}
        acknowledged += len(nonces)
        lost += len(nonces) - Click.objects.filter(pk__in=nonces).count()
    return {"work": f"redirect, {interface}, {KILLS} x kill -9: lost of {acknowledged}", "value": lost, "at most": 0}


def rows(rounds: int, seconds: float) -> Iterator[dict[str, Any]]:
    """The rows of PERFORMANCE 3 that are the redirect's."""
    with own_database() as address, tempfile.TemporaryDirectory() as folder:
        os.environ |= {"DATABASE_URL": address, "DJANGO_SETTINGS_MODULE": "config.settings"}
        Path(folder, "bare.py").write_text(BARE)
        path = fill()
        for interface in OURS:
            yield ratio(interface, path, folder, rounds, seconds)
            yield kills(interface, path, folder)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    given = parser.parse_args()
    for row in rows(given.rounds, given.seconds):
        print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
