"""A process that cannot start names every variable that is missing or malformed, without a traceback."""

import pytest

from config import databases, environment, mail_server
from tests.config.production import run_python
from tests.free_ports import find_free_port

BROKEN = {
    "SECRET_KEY": "short",
    "DATABASE_URL": "mysql://localhost/accord",
    "REDIS_URL": "localhost:6379",
    "BASE_URL": "affiliates.example.com",
    "CLICK_BASE_URL": "https://go.example.com/links",
    "ALLOWED_HOSTS": "",
    "EMAIL_URL": "mail.example.com",
    "WEB_THREADS": "many",
    "SECURE_SSL_REDIRECT": "maybe",
    "CLICK_ID_PARAMETER": "click id",
    "LOG_LEVEL": "loud",
    "PAYOUT_DETAILS_KEYS": "short",
}


@pytest.mark.parametrize(
    ("arguments", "status"),
    [(["manage.py", "check"], 2), (["-c", "import config.wsgi"], 2), (["-m", "config.run"], 2)],
    ids=["manage.py", "wsgi", "make run"],
)
def test_start_names_all_configuration_errors_at_once(arguments: list[str], status: int) -> None:
    # The ports of `make run` are checked first.
    result = run_python(*arguments, **BROKEN, PORT=str(find_free_port()))
    assert result.returncode == status
    assert f"{len(BROKEN)} errors in the configuration" in result.stderr
    named = [line.split()[0] for line in result.stderr.splitlines() if line.startswith("  ")]
    assert sorted(named) == sorted(BROKEN)
    assert "Traceback" not in result.stderr


@pytest.mark.parametrize(
    "url",
    [
        "mysql://localhost/accord",
        "postgres://accord:pa/ss@localhost/accord",
        "postgres://accord@localhost",
        "localhost:5432/accord",
        "postgres://accord:word@localhost:port/accord",
    ],
)
def test_unusable_database_url_is_reported_without_its_password(errors: list[str], url: str) -> None:
    databases.build_databases(url, connection_seconds=60, test_name="test")
    assert len(errors) == 1
    assert errors[0].startswith("DATABASE_URL must have the form postgres://user:password@host:5432/name")
    assert "ss@" not in errors[0]


@pytest.mark.parametrize("url", ["mail.example.com", "pigeon://example.com", "smtp://user:pa/ss@example.com:25"])
def test_unusable_mail_url_is_reported_without_its_password(errors: list[str], url: str) -> None:
    assert mail_server.read_url(url) == {}
    assert len(errors) == 1
    assert errors[0].startswith("EMAIL_URL must have the form")
    assert "ss@" not in errors[0]


@pytest.mark.parametrize(
    "text",
    [
        "affiliates.example.com",
        "ftp://example.com",
        "https://",
        "https://example.com/portal",
        "https://a@example.com",
        "https://example.com:port",
        "https://example.com?a=b",
        "https://[::1",
    ],
)
def test_malformed_address_is_reported(errors: list[str], monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("BASE_URL", text)
    environment.read_address("BASE_URL", "")
    assert [error.split()[0] for error in errors] == ["BASE_URL"]


@pytest.mark.parametrize("text", ["https://example.com", "http://localhost:8000/", "https://[::1]:8443"])
def test_address_of_a_site_is_read(errors: list[str], monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    monkeypatch.setenv("BASE_URL", text)
    assert environment.read_address("BASE_URL", "") == text.rstrip("/")
    assert errors == []


def test_huge_number_is_reported(errors: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WEB_THREADS", "9" * 5000)
    assert environment.read_integer("WEB_THREADS", 64) == 64
    assert len(errors) == 1
