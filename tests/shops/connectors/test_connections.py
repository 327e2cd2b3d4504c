"""Staff's changes to connections, their checklist, and connections that go silent (specification 11)."""

from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError

from audit.models import AuditRecord
from lib.errors import NotAllowed
from shops.connectors import checklist, connections, folding, inbox, registry, secrets
from shops.models import Connection, Platform, ShopEvent
from tests.factories import make_staff
from tests.scenarios import NOW, create_program
from tests.shops.connectors.plain_shop import SECRET, PlainConnector, build_delivery, make_connection

WHY: dict[str, Any] = {"reason": "The shop moved.", "now": NOW}


class CarefulConnector(PlainConnector):
    platform = Platform.SHOPIFY
    default_options = {"click_field": "accord"}

    def check_api(self, url, key):
        if not url.startswith("https://"):
            raise ValidationError({"api_url": "Enter an address with https."})


@pytest.fixture
def by(db, monkeypatch):
    monkeypatch.setattr(registry, "CONNECTORS", {"generic": PlainConnector(), "shopify": CarefulConnector()})
    monkeypatch.setattr(connections, "CONNECTORS", registry.CONNECTORS)
    create_program("2026-01-01")
    return make_staff("payout preparers")


def create(by, **changes):
    values = {"platform": "generic", "name": "My Shop", "prefix": "", "secret": "", **WHY, "by": by}
    return connections.create_connection(**values | changes)


def test_connection_gets_a_generated_secret_a_prefix_and_an_audit_record(by):
    connection, secret = create(by)
    assert (connection.prefix, connection.state, connection.completion) == ("myshop", "active", "fulfilled")
    assert secret.isalnum()
    assert len(secret) == 48
    assert secrets.list_secrets(connection, now=NOW) == [secret]
    record = AuditRecord.objects.get(subject_id=str(connection.pk))
    assert (record.action, record.by, record.reason) == ("shop connection added", by, "The shop moved.")
    assert secret not in str(vars(record))


def test_shop_that_shows_its_secret_later_gets_one_that_nobody_knows(by):
    connection, generated = create(by, platform="shopify")
    [unknown] = secrets.list_secrets(connection, now=NOW)
    assert generated == ""
    assert len(unknown) == 48


def test_pasted_secret_is_kept_and_not_returned(by):
    connection, generated = create(by, platform="shopify", secret=" shpss_1 ")
    assert (generated, secrets.list_secrets(connection, now=NOW)) == ("", ["shpss_1"])
    assert connection.options == {"click_field": "accord"}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"platform": "shopify", "secret": "x" * 501}, "secret"),
        ({"platform": "stripe"}, "platform"),
        ({"name": " \u200b "}, "name"),
        ({"name": "x" * 61}, "name"),
        ({"name": "THE SHOP"}, "name"),
        ({"prefix": "shop-1"}, "prefix"),
        ({"prefix": "thirteenchars"}, "prefix"),
        ({"prefix": "the"}, "prefix"),
        ({"secret": "x" * 501}, "secret"),
        ({"reason": " "}, "reason"),
    ],
)
def test_bad_values_are_named_and_nothing_is_stored(by, changes, field):
    make_connection("the shop", "the")
    with pytest.raises(ValidationError) as refusal:
        create(by, **changes)
    assert list(refusal.value.message_dict) == [field]
    assert Connection.objects.count() == 1


def test_proposed_prefix_is_free(by):
    make_connection("one", "ubung")
    assert connections.propose_prefix("Übung!") == "ubung2"
    assert connections.propose_prefix("商店") == "shop"


def test_replaced_secret_overlaps_for_two_days(by):
    connection = make_connection()
    secret = connections.replace_secret(connection=connection, secret="", by=by, **WHY)
    connection.refresh_from_db()
    assert secrets.list_secrets(connection, now=NOW + timedelta(hours=47)) == [secret, SECRET]
    assert secrets.list_secrets(connection, now=NOW + timedelta(hours=48)) == [secret]
    with pytest.raises(ValidationError, match="already a secret"):
        connections.replace_secret(connection=connection, secret=SECRET, by=by, **WHY)
    assert "shop connection secret replaced" in AuditRecord.objects.values_list("action", flat=True)


def test_api_key_is_set_and_removed(by):
    connection, _secret = create(by, platform="shopify", secret="s")
    key = {"connection": connection, "by": by, **WHY}
    with pytest.raises(ValidationError) as refusal:
        connections.set_api_key(api_url="http://shop.example.com", api_key="k", **key)
    assert list(refusal.value.message_dict) == ["api_url"]
    connections.set_api_key(api_url="https://shop.example.com", api_key=" k ", **key)
    connection.refresh_from_db()
    assert (secrets.get_api_key(connection), connection.api_url) == ("k", "https://shop.example.com")
    connections.set_api_key(api_url="", api_key="", **key)
    connection.refresh_from_db()
    assert (connection.api_key, connection.api_url) == ("", "")
    actions = AuditRecord.objects.order_by("pk").values_list("action", flat=True)
    assert list(actions)[-2:] == ["shop connection API key set", "shop connection API key removed"]


def test_settings_keep_options_that_the_form_does_not_have(by):
    connection = make_connection()
    Connection.objects.update(options={"kept": 1})
    change = {"connection": connection, "completion": "days", "options": {"field": "x"}, "by": by, **WHY}
    with pytest.raises(ValidationError, match="1 to 365"):
        connections.change_settings(completion_days=0, **change)
    connections.change_settings(completion_days=20, **change)
    connection.refresh_from_db()
    assert (connection.completion, connection.completion_days) == ("days", 20)
    assert connection.options == {"kept": 1, "field": "x"}


def test_paused_connection_keeps_events_until_it_is_resumed(by):
    connection = make_connection()
    connections.pause(connection=connection, by=by, **WHY)
    connection.refresh_from_db()
    inbox.receive(connection=connection, delivery=build_delivery([]), now=NOW)
    assert folding.process_events(now=NOW) == 0
    with pytest.raises(NotAllowed, match="already paused"):
        connections.pause(connection=connection, by=by, **WHY)
    connections.resume(connection=connection, by=by, **WHY)
    assert folding.process_events(now=NOW) == 1


def test_deleted_connection_answers_404_and_leaves_nothing_waiting(by, client):
    connection = make_connection()
    inbox.receive(connection=connection, delivery=build_delivery([]), now=NOW)
    with pytest.raises(ValidationError):
        connections.delete(connection=connection, reason="", now=NOW, by=by)
    assert client.post(f"/hooks/{connection.pk}", b"ping", content_type="text/plain").status_code == 200
    connections.delete(connection=connection, by=by, **WHY)
    assert client.post(f"/hooks/{connection.pk}", b"ping", content_type="text/plain").status_code == 404
    event = ShopEvent.objects.get()
    assert (event.state, event.cause) == ("ignored", "the connection was deleted")
    for change in (connections.delete, connections.resume, connections.pause):
        with pytest.raises(NotAllowed, match="deleted"):
            change(connection=connection, by=by, **WHY)
    with pytest.raises(ValidationError, match="deleted one, has this name"):
        create(by, name="Plain Shop")


def test_checklist_shows_what_was_reached_and_what_to_do(by):
    connection = make_connection()
    connection.milestones = {"event": NOW.isoformat()}
    steps = checklist.list_steps(connection)
    assert [step.reached_at for step in steps] == [NOW, None, None, None, None]
    assert "Refund" in str(steps[-1].advice)


@pytest.mark.parametrize(
    ("hours_ago", "is_silent"),
    [
        # The longest gap is 10 hours: silent after 30 hours.
        ([29, 30, 40], False),
        ([31, 32, 42], True),
        # The longest gap is an hour: silent after a day, not after three hours.
        ([20, 21, 22], False),
        ([25, 26, 27], True),
        # No rhythm is known: silent after 30 days.
        ([29 * 24], False),
        ([31 * 24], True),
        ([], True),
        # Events before the last 30 days count for nothing.
        ([29, 30, 40, 1000, 2000], False),
        ([31, 32, 42, 1000, 2000], True),
    ],
)
def test_connection_is_silent_by_its_own_rhythm(by, hours_ago, is_silent):
    connection = make_connection()
    Connection.objects.update(milestones={"event": NOW.isoformat()})
    for hours in hours_ago:
        inbox.receive(connection=connection, delivery=build_delivery([]), now=NOW - timedelta(hours=hours))
    assert [one.connection for one in checklist.list_silent(now=NOW)] == [connection] * is_silent


def test_new_paused_and_deleted_connections_are_not_silent(by):
    make_connection()
    assert checklist.list_silent(now=NOW) == []
    Connection.objects.update(milestones={"event": NOW.isoformat()}, state="paused")
    assert checklist.list_silent(now=NOW) == []
