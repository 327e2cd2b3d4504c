"""The settings of the replica, and the pooler as docs/scaling.md configures it."""

import configparser
import re

import pytest
from django.conf import settings

from config import replica
from config.environment import BASE_DIR
from tests import pooler


def test_pooler_of_page_is_pooler_that_is_tested() -> None:
    text = (BASE_DIR / "docs/scaling.md").read_text(encoding="utf-8")
    [block] = re.findall(r"```ini\n(.*?)```", text, re.DOTALL)
    parser = configparser.ConfigParser()
    parser.read_string(block)
    expected = pooler.OPTIONS | {"default_pool_size": pooler.POOL_SIZE}
    assert {name: parser["pgbouncer"][name] for name in expected} == {
        name: str(value) for name, value in expected.items()
    }


@pytest.mark.parametrize("url", ["", "postgres://reader:secret@10.0.0.11:6432/replica"])
def test_replica_is_as_primary_at_another_address(url, monkeypatch):
    monkeypatch.setattr(replica, "DATABASE_REPLICA_URL", url)
    built = replica.build_replica(settings.DATABASES["default"])
    if not url:
        assert built == {}
        return
    assert (built["replica"]["HOST"], built["replica"]["PORT"], built["replica"]["NAME"]) == (
        "10.0.0.11",
        6432,
        "replica",
    )
    assert built["replica"]["DISABLE_SERVER_SIDE_CURSORS"] is True
    assert built["replica"]["OPTIONS"]["connect_timeout"] == 2


def test_malformed_address_is_reported_as_variable_of_replica(monkeypatch):
    monkeypatch.setattr(replica, "DATABASE_REPLICA_URL", "mysql://10.0.0.11/replica")
    reported: list[str] = []
    monkeypatch.setattr("config.databases.report_error", reported.append)
    replica.build_replica(settings.DATABASES["default"])
    assert [error.partition(" ")[0] for error in reported] == ["DATABASE_REPLICA_URL"]
