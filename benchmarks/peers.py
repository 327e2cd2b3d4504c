"""Redirects and orders beside other Django packages for affiliates, in one run.

    python -m benchmarks.peers [--rounds 5] [--seconds 3] [--batches 5] [--puts 400]

Both packages are installed from PyPI into a virtual environment of their own under `.local`. They run in one project, as
small as their guides allow, on a database of the same PostgreSQL, served by granian by WSGI. Rounds of the product and of
the peers alternate; a value is the median of the ratios of the rounds. After each round, the rows that a peer has stored
are counted: there must be one for each answer.

pinax-referrals knows no orders. django-affiliate-system takes one order a request and has no lines, so batches are
compared with that as orders a second.
"""

import argparse
import json
import os
import subprocess
import tempfile
import venv
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import Any
from urllib.parse import urlsplit

import psycopg

from benchmarks import orders, redirect
from benchmarks.own_database import HERE, own_database
from benchmarks.server import APPLICATIONS, run_server

# Both name this version of Django as supported.
PACKAGES = (
    "django==5.2.*", "django-affiliate-system==0.1.0", "pinax-referrals==4.5.0", "django-environ", "granian==2.8.7",
    "psycopg[binary]==3.*",
)  # fmt: skip
DATABASE = "accord_bench_peers"
AFFILIATES = 2_000
# More threads make Django slower here: they wait for each other, not for the database.
THREADS = 8
PROJECT = {
    "peer_settings.py": """
import environ

SECRET_KEY = "only for a benchmark"
ALLOWED_HOSTS = ["*"]
ROOT_URLCONF = "peer_urls"
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
USE_TZ = True
SITE_ID = 1
INSTALLED_APPS = [
    "django.contrib.auth", "django.contrib.contenttypes", "django.contrib.sessions", "django.contrib.sites",
    "rest_framework", "django_affiliate_system", "pinax.referrals",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
]
DATABASES = {"default": environ.Env().db("PEER_DATABASE_URL") | {"CONN_MAX_AGE": None}}
""",
    "peer_urls.py": """
from django.urls import include, path

urlpatterns = [
    path("affiliate/", include("django_affiliate_system.urls")),
    path("pinax/", include("pinax.referrals.urls")),
]
""",
    "peer.py": """
import os

os.environ["DJANGO_SETTINGS_MODULE"] = "peer_settings"
from django.core.wsgi import get_wsgi_application

application = get_wsgi_application()
""",
    "peer_program.py": """
import peer
from django.contrib.auth.models import User
from django.core.management import call_command
from django_affiliate_system.models import Affiliate, CommissionRule, ReferralLink
from pinax.referrals.models import Referral

call_command("migrate", verbosity=0)
users = User.objects.bulk_create(User(username=f"N{number}") for number in range(1, {affiliates} + 1))
affiliates = Affiliate.objects.bulk_create(Affiliate(user=user, code=user.username) for user in users)
ReferralLink.objects.create(affiliate=affiliates[0], slug="bench", destination_url="https://shop.example/p?a=1#x")
CommissionRule.objects.create(name="Purchases", action_type="purchase", is_percentage=True, value=5)
Referral.objects.create(user=users[0], code="bench", redirect_to="/p?a=1#x")
""",
}
AFFILIATE_SYSTEM, PINAX = "django-affiliate-system 0.1.0", "pinax-referrals 4.5.0"
PATHS = {AFFILIATE_SYSTEM: "/affiliate/r/bench/?sub1=news&sub2=spring", PINAX: "/pinax/bench?sub1=news&sub2=spring"}
TABLES = {AFFILIATE_SYSTEM: "affiliates_referralaction", PINAX: "referrals_referralresponse"}
COMMISSIONS = "affiliates_commission"


@contextmanager
def run_beside() -> Iterator[tuple["Peers", Path]]:
    """Run the project of both peers on a database beside the product's; yield them and a folder for the product."""
    python = install_peers()
    with own_database("accord_bench_beside_peers") as address, tempfile.TemporaryDirectory() as folder:
        for name, text in PROJECT.items():
            Path(folder, name).write_text(text.replace("{affiliates}", str(AFFILIATES)), encoding="utf-8")
        peer_address = urlsplit(address)._replace(path=f"/{DATABASE}").geturl()
        os.environ["PEER_DATABASE_URL"] = peer_address
        with psycopg.connect(address, autocommit=True) as server:
            server.execute(f"DROP DATABASE IF EXISTS {DATABASE} WITH (FORCE)".encode())
            server.execute(f"CREATE DATABASE {DATABASE}".encode())
            try:
                subprocess.run([python, "peer_program.py"], cwd=folder, check=True)
                with (
                    psycopg.connect(peer_address, autocommit=True) as connection,
                    run_server("wsgi", "peer:application", Path(folder), python=python, threads=THREADS) as (port, _),
                ):
                    yield Peers(port, connection), Path(folder)
            finally:
                server.execute(f"DROP DATABASE {DATABASE} WITH (FORCE)".encode())


def install_peers() -> str:
    """Install the peers unless they are; return the path of their Python."""
    folder = HERE / ".local" / "peers"
    python = str(folder / "bin" / "python")
    if not Path(python).exists():
        venv.create(folder, with_pip=True)
    # Quick if all are there.
    subprocess.run([python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *PACKAGES], check=True)
    return python


class Peers:
    """The running peers, and the rates of their rounds."""

    def __init__(self, port: int, connection: "psycopg.Connection[Any]") -> None:
        self.port, self.connection = port, connection

    def measure_redirects(self, peer: str, seconds: float) -> float:
        """Return the redirects a second of a peer, after holding them against the rows that it stored."""
        before = self._count(TABLES[peer])
        rate: float = redirect.run_load(self.port, PATHS[peer], seconds)["rate"]
        # At the end of the time, each connection has a request under way.
        self._check(self._count(TABLES[peer]) - before, rate * seconds, redirect.CONNECTIONS)
        return rate

    def measure_orders(self, count: int) -> float:
        """Return the orders a second of django-affiliate-system, one a request, as many connections as the product's."""
        requests = [
            "POST /affiliate/referral-actions/track/\n"
            + json.dumps(
                {
                    "referral_code": f"N{1 + number * 17 % AFFILIATES}",
                    "event_type": "purchase",
                    "conversion_value": f"{number * 7 % 900 + 1}.{number * 13 % 100:02d}",
                }
            )
            for number in range(count)
        ]
        before = self._count(COMMISSIONS)
        rate = count / orders.send_requests(self.port, "", 2 * orders.SENDERS, requests, kind="application/json")
        self._check(self._count(COMMISSIONS) - before, count, 0)
        return rate

    def _count(self, table: str) -> int:
        [row] = self.connection.execute(f"SELECT count(*) FROM {table}".encode()).fetchall()
        return int(row[0])

    def _check(self, stored: int, answered: float, underway: int) -> None:
        if not answered - 1 <= stored <= answered + underway + 1:
            raise SystemExit(f"a peer stored {stored} rows for {answered:.0f} answers")


def measure_redirects(peers: Peers, folder: Path, rounds: int, seconds: float) -> Iterator[dict[str, Any]]:
    """Yield a row for each peer and each interface of the product."""
    path = redirect.create_link()
    rates: dict[str, list[float]] = {name: [] for name in (*APPLICATIONS, *PATHS)}
    with (
        run_server("wsgi", APPLICATIONS["wsgi"], folder) as (wsgi, _),
        run_server("asgi", APPLICATIONS["asgi"], folder) as (asgi, _),
    ):
        ports = {"wsgi": wsgi, "asgi": asgi}
        for port in ports.values():
            redirect.run_load(port, path, 2)  # loads the link and connects to the database
        for path_of_peer in PATHS.values():
            redirect.run_load(peers.port, path_of_peer, 1)
        for _round in range(rounds):
            for interface, port in ports.items():
                rates[interface].append(redirect.run_load(port, path, seconds)["rate"])
            for peer in PATHS:
                rates[peer].append(peers.measure_redirects(peer, seconds))
    for interface in APPLICATIONS:
        for peer in PATHS:
            yield _build_row(f"redirect, {interface}, click durable: rate ÷ {peer}", rates[interface], rates[peer])


def measure_orders(peers: Peers, folder: Path, rounds: int, batches: int, puts: int) -> Iterator[dict[str, Any]]:
    """Yield a row for single orders and one for batches."""
    with orders.run_intake(folder) as (port, key):
        orders.measure_batches(port, key, "warm", 1)
        peers.measure_orders(50)
        singles, batched, of_peer = [], [], []
        for number in range(rounds):
            batched.append(orders.measure_batches(port, key, f"B{number}-", batches) / orders.LINES)
            singles.append(orders.measure_puts(port, key, f"P{number}-", puts))
            of_peer.append(peers.measure_orders(puts))
    yield _build_row(f"single orders by PUT: rate ÷ {AFFILIATE_SYSTEM}", singles, of_peer)
    yield _build_row(f"orders in batches of {orders.BATCH:,}: rate ÷ {AFFILIATE_SYSTEM}", batched, of_peer)


def _build_row(work: str, rates: list[float], of_peer: list[float]) -> dict[str, Any]:
    ratios = [rate / other for rate, other in zip(rates, of_peer, strict=True)]
    return {
        "work": work,
        "value": median(ratios),
        "spread": (min(ratios), max(ratios)),
        "per second": median(rates),
        "per second of the peer": median(of_peer),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--batches", type=int, default=5)
    parser.add_argument("--puts", type=int, default=400)
    given = parser.parse_args()
    with run_beside() as (peers, folder):
        for row in measure_redirects(peers, folder, given.rounds, given.seconds):
            print(json.dumps(row, ensure_ascii=False), flush=True)
    with run_beside() as (peers, folder):
        for row in measure_orders(peers, folder, given.rounds, given.batches, given.puts):
            print(json.dumps(row, ensure_ascii=False), flush=True)


if __name__ == "__main__":
    main()
