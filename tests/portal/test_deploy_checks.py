"""What `check --deploy` finds, and that a correct deployment has nothing to find."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.checks import run_checks
from django.db import connection

from agreements.models import Program
from config.keys import DEVELOPMENT_KEY, list_weak_keys
from portal.deploy_checks import CHECKS
from portal.deploy_checks import database as database_checks
from tests.locked_folder import lock_out

pytestmark = pytest.mark.django_db
KEY = "b7Xq_2mVd9RkTz5LwHc1YpNsGe8JfUa4"


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that every user may write to."""
    with TemporaryDirectory() as name:
        Path(name).chmod(0o777)
        yield Path(name)


@pytest.fixture
def deployment(settings: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The settings of a deployment without a fault."""
    settings.BASE_URL = settings.CLICK_BASE_URL = "https://affiliates.example.com"
    settings.ALLOWED_HOSTS = ["affiliates.example.com"]
    settings.TRUSTED_PROXIES = 1
    settings.DERIVED_KEYS, settings.WEAK_KEYS = [], []
    settings.EMAIL_BACKEND, settings.EMAIL_HOST = "django.core.mail.backends.smtp.EmailBackend", "mail.example.com"
    settings.DEFAULT_FROM_EMAIL = "Program <affiliates@example.com>"
    settings.MEDIA_ROOT, settings.CLICK_SPOOL_DIR = folder / "media", folder / "clicks"
    settings.BEAT_SCHEDULE_FILE = folder / "beat" / "schedule"
    settings.WEB_PROCESSES, settings.WEB_THREADS = 1, 16
    settings.STATIC_ROOT = folder / "static"
    settings.STORAGES = settings.STORAGES | {
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"}
    }
    settings.STATIC_ROOT.mkdir()
    (settings.STATIC_ROOT / "staticfiles.json").write_text('{"paths": {}, "version": "1.1"}')
    Program.current()
    Program.objects.update(shop_hosts=["shop.example.com"])
    # The role of the tests owns the tables.
    monkeypatch.setattr(database_checks, "_UNSAFE_TABLES", "SELECT 0")
    return settings


def find_faults() -> list[str]:
    return [str(message.id) for check in CHECKS for message in check()]


def test_deployment_without_fault_passes(deployment):
    assert find_faults() == []


def test_checks_are_part_of_check_deploy(deployment):
    deployment.TRUSTED_PROXIES = 0
    assert "accord.W007" in [message.id for message in run_checks(include_deployment_checks=True)]
    assert "accord.W007" not in [message.id for message in run_checks()]


def test_missing_static_files_are_found(deployment):
    (deployment.STATIC_ROOT / "staticfiles.json").unlink()
    assert find_faults() == ["accord.E001"]


@pytest.mark.parametrize(
    ("name", "fault"),
    [
        ("MEDIA_ROOT", "accord.E002"),
        ("CLICK_SPOOL_DIR", "accord.E003"),
        ("BEAT_SCHEDULE_FILE", "accord.E004"),
    ],
)
def test_unusable_place_for_files_is_found(deployment, folder, name, fault):
    parent = folder / "service"
    (parent / "inner").mkdir(parents=True)
    setattr(deployment, name, parent / "inner" / "files")
    assert find_faults() == []
    with lock_out(parent / "inner"):  # not writable
        assert find_faults() == [fault]
    with lock_out(parent):  # not enterable
        assert find_faults() == [fault]
    setattr(deployment, name, parent / "file" / "files")
    (parent / "file").write_text("no folder")
    assert find_faults() == [fault]


@pytest.mark.parametrize("name", ["BASE_URL", "CLICK_BASE_URL"])
def test_host_that_is_not_allowed_is_found(deployment, name):
    setattr(deployment, name, "https://other.example.com")
    assert find_faults() == ["accord.E005"]


def test_address_without_https_is_found(deployment):
    deployment.BASE_URL = "http://affiliates.example.com"
    assert find_faults() == ["accord.W006"]


def test_missing_proxies_are_found(deployment):
    deployment.TRUSTED_PROXIES = 0
    assert find_faults() == ["accord.W007"]


@pytest.mark.parametrize(
    ("keys", "fault"),
    [
        ({"SECRET_KEY": [DEVELOPMENT_KEY]}, "accord.E008"),
        ({"SECRET_KEY": ["short"]}, "accord.W009"),
        ({"PAYOUT_DETAILS_KEYS": [KEY, "short"]}, "accord.W009"),
    ],
)
def test_weak_keys_are_found(deployment, keys, fault):
    deployment.WEAK_KEYS = list_weak_keys(**keys)
    assert find_faults() == [fault]


def test_derived_keys_are_found(deployment):
    deployment.DERIVED_KEYS = ["CLICK_ID_KEYS", "PERSONAL_HASH_KEY"]
    assert find_faults() == ["accord.W010", "accord.W010"]


@pytest.mark.parametrize("backend", ["console", "dummy", "filebased", "locmem"])
def test_missing_mail_server_is_found(deployment, backend):
    deployment.EMAIL_BACKEND = f"django.core.mail.backends.{backend}.EmailBackend"
    assert find_faults() == ["accord.W011"]


def test_mail_server_without_host_is_found(deployment):
    deployment.EMAIL_HOST = None
    assert find_faults() == ["accord.W011"]


def test_sender_that_is_not_set_is_found(deployment):
    deployment.DEFAULT_FROM_EMAIL = "affiliates@localhost"
    assert find_faults() == ["accord.W012"]


def test_too_many_threads_for_the_database_are_found(deployment):
    with connection.cursor() as cursor:
        cursor.execute("SHOW max_connections")
        most = int(cursor.fetchone()[0])
    deployment.WEB_PROCESSES, deployment.WEB_THREADS = 2, most // 2
    assert find_faults() == ["accord.W014"]


def test_role_that_owns_tables_is_found(deployment, monkeypatch):
    monkeypatch.undo()
    assert "accord.W015" in find_faults()


def test_program_without_shop_hosts_is_found(deployment):
    Program.objects.update(shop_hosts=[])
    assert find_faults() == ["accord.W016"]


def test_absent_database_is_no_fault(deployment, monkeypatch):
    monkeypatch.setattr(database_checks, "_UNSAFE_TABLES", "SELECT 1/0")
    assert find_faults() == ["accord.I013"]


def test_bare_checkout_has_faults():
    assert django_settings.DERIVED_KEYS == ["CLICK_ID_KEYS", "PAYOUT_DETAILS_KEYS", "PERSONAL_HASH_KEY"]
    assert ("SECRET_KEY", "is a published key that everyone knows") in django_settings.WEAK_KEYS
