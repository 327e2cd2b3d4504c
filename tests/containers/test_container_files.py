"""Dockerfile, compose.yaml and Caddyfile, checked without building anything (specification 12)."""

import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from django.conf import settings

from config.variables import SECTIONS

ROOT = Path(settings.BASE_DIR)
BIN = Path(sys.executable).parent
COMPOSE = ROOT / "compose.yaml"
GUIDE = ROOT / "docs" / "containers.md"
ROLES = ("web", "click", "worker", "beat", "migrate")
IMAGES = ("db", "cache", "proxy")


def run(*command: str, **variables: str) -> str:
    """Run a command of the environment; fail with its output."""
    done = subprocess.run(
        [str(BIN / command[0]), *command[1:]],
        cwd=ROOT,
        env=os.environ | variables,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout
    return done.stdout


@pytest.fixture(scope="module")
def services() -> dict[str, Any]:
    return yaml.safe_load(COMPOSE.read_text())["services"]


def test_hadolint_finds_nothing_in_the_dockerfile():
    run("hadolint", "Dockerfile")


def test_compose_file_is_valid():
    run("check-jsonschema", "--builtin-schema", "vendor.compose-spec", str(COMPOSE))


def test_caddyfile_is_valid(tmp_path):
    # Caddy creates folders for certificates even if it only reads the file.
    run(
        *("caddy", "validate", "--config", "deploy/containers/Caddyfile"),
        SITE_HOST="affiliates.example.com, go.example.com",
        XDG_DATA_HOME=str(tmp_path),
        XDG_CONFIG_HOME=str(tmp_path),
    )


def test_compose_file_runs_every_role_and_store(services):
    assert set(services) == {*ROLES, *IMAGES}
    assert {services[role]["command"][0] for role in ROLES} == set(ROLES)


@pytest.mark.parametrize("role", ROLES)
def test_role_runs_without_privileges(services, role):
    service = services[role]
    assert service["init"] is service["read_only"] is True
    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert "ports" not in service


def test_only_the_database_and_migrate_have_the_password_of_the_owner(services):
    with_password = {
        name for name, service in services.items() if "OWNER_PASSWORD" in str(service.get("environment", ""))
    }
    assert with_password == {"db", "migrate"}


def test_only_the_proxy_publishes_ports_and_the_stores_have_no_way_out(services):
    assert [name for name, service in services.items() if "ports" in service] == ["proxy"]
    assert services["db"]["networks"] == services["cache"]["networks"] == ["back"]
    assert yaml.safe_load(COMPOSE.read_text())["networks"]["back"]["internal"] is True


@pytest.mark.parametrize("role", ["web", "click", "worker", "beat"])
def test_role_starts_when_the_database_is_migrated(services, role):
    depends_on = services[role]["depends_on"]
    assert depends_on["migrate"] == {"condition": "service_completed_successfully"}
    assert depends_on["db"] == depends_on["cache"] == {"condition": "service_healthy"}


def test_guide_writes_every_variable_that_the_compose_file_needs():
    env, accord_env = re.findall(r"^cat > \S+ <<END\n(.*?)^END$", GUIDE.read_text(), re.MULTILINE | re.DOTALL)
    required = set(re.findall(r"\$\{(\w+):\?", COMPOSE.read_text()))
    assert {line.partition("=")[0] for line in env.splitlines()} == required
    documented = {variable.name for section in SECTIONS.values() for variable in section}
    written = {line.partition("=")[0] for line in accord_env.splitlines()}
    assert written <= documented
    by_compose = set(yaml.safe_load(COMPOSE.read_text())["x-settings"])
    assert written | by_compose >= {variable.name for variable in SECTIONS["Required in production"]}


def test_image_gets_every_app_and_nothing_that_is_not_listed():
    lines = (ROOT / ".dockerignore").read_text().splitlines()
    patterns = [line for line in lines if line and not line.startswith("#")]
    assert patterns[0] == "*"
    listed = {pattern[1:] for pattern in patterns if pattern.startswith("!")}
    assert listed >= {*settings.LOCAL_APPS, "config", "lib", "static", "templates", "manage.py", "requirements.txt"}
    assert not {path for path in listed if path.startswith((".", "tests"))}
