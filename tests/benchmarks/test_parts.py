"""What benchmarks take from the project by its text: a change of it must not stop them."""

import re

import pytest
from django.db import connection

from benchmarks import rollups, slow_clients


def test_example_of_nginx_is_turned_into_a_server_without_tls():
    text = slow_clients.build_proxy_servers(18080, 18000)
    assert re.findall(r"listen .*", text) == ["listen 127.0.0.1:18080;"]
    assert set(re.findall(r"^ *server (\S+)", text, re.MULTILINE)) == {"127.0.0.1:18000", "{"}
    assert "ssl" not in text


@pytest.mark.django_db
def test_triggers_that_mark_changed_days_are_turned_off_and_on():
    for verb, state in (("DISABLE", "D"), ("ENABLE", "O")):
        rollups.set_triggers(verb)
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT tgname, tgenabled::text FROM pg_trigger"
                " WHERE tgrelid IN ('payouts_commission'::regclass, 'tracking_order'::regclass)"
                " AND tgname LIKE 'pgtrigger_mark_%'"
            )
            states = {name.split("_")[2]: enabled for name, enabled in cursor.fetchall()}
        assert {states[name] for name in ("inserted", "updated", "deleted")} == {state}
        assert states["changed"] == "O"
