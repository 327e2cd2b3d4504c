"""Reading from a replica: which queries go there, when it is skipped, and that own writes are seen."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from django.db import OperationalError, connections, transaction
from django.http import Http404, HttpResponse, StreamingHttpResponse
from django.template import engines
from django.template.response import TemplateResponse
from django.test import Client, RequestFactory

from accounts.models import User
from affiliates.models import Affiliate
from lib import replica
from lib.replica import PRIMARY, REPLICA, PrimaryPosition, ReplicaPosition, get_read_alias, is_recent, reads_replica
from tests.factories import make_affiliate, make_staff

NOW = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)
PRIMARY_POSITION = PrimaryPosition(cluster=7, written=1000, now=NOW)
RECENT = ReplicaPosition(cluster=7, is_replica=True, replayed=1000, committed_at=NOW)


@pytest.fixture
def positions(monkeypatch) -> dict[str, ReplicaPosition]:
    """Return the position that the fake replica reports, to be changed by the test."""
    reported = {"replica": RECENT}
    monkeypatch.setattr(replica, "read_positions", lambda: (PRIMARY_POSITION, reported["replica"]))
    return reported


@pytest.fixture
def second_connection(monkeypatch, positions) -> Iterator[list[str]]:
    """Configure a second connection to the test database as the replica; return the statements that went through it."""
    settings = connections.databases[PRIMARY]
    monkeypatch.setitem(connections.databases, REPLICA, settings)
    monkeypatch.setattr(replica, "freshness", replica.Freshness())
    statements: list[str] = []

    def record(execute, sql, params, many, context):
        statements.append(sql)
        return execute(sql, params, many, context)

    # A test may use no other alias.
    connections[REPLICA].alias = PRIMARY
    with connections[REPLICA].execute_wrapper(record):
        yield statements
    connections[REPLICA].close()
    del connections[REPLICA]


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({}, True),
        # An idle primary: the last commit is old, and nothing is missing.
        ({"committed_at": NOW - timedelta(days=3)}, True),
        ({"committed_at": None}, True),
        ({"replayed": 2000}, True),
        ({"replayed": 999, "committed_at": NOW - timedelta(seconds=5)}, True),
        ({"replayed": 999, "committed_at": NOW - timedelta(seconds=5.1)}, False),
        ({"replayed": 999, "committed_at": None}, False),
        ({"replayed": None}, False),
        # Promoted, or the replica of another cluster.
        ({"is_replica": False}, False),
        ({"cluster": 8}, False),
    ],
)
def test_replica_is_recent_within_lag(changes, expected):
    assert is_recent(PRIMARY_POSITION, RECENT._replace(**changes), 5) is expected


def test_only_marked_reads_outside_of_transactions_go_to_replica(monkeypatch):
    router = replica.ReplicaRouter()
    monkeypatch.setattr(connections[PRIMARY], "in_atomic_block", False)
    assert router.db_for_read(Affiliate) == PRIMARY
    with replica.read_from(REPLICA):
        assert router.db_for_read(Affiliate) == REPLICA
        assert router.db_for_write(Affiliate) == PRIMARY
        # Rights that are withdrawn are gone at once.
        assert router.db_for_read(User) == PRIMARY
        monkeypatch.setattr(connections[PRIMARY], "in_atomic_block", True)
        assert router.db_for_read(Affiliate) == PRIMARY
    assert get_read_alias() == PRIMARY


def test_no_migration_runs_on_replica():
    router = replica.ReplicaRouter()
    assert router.allow_migrate(REPLICA, "affiliates") is False
    assert router.allow_migrate(PRIMARY, "affiliates") is None


@reads_replica
def show_alias(request):
    return HttpResponse(get_read_alias())


def get_alias(method: str = "get", **cookies: str) -> str:
    request = getattr(RequestFactory(), method)("/")
    request.COOKIES.update(cookies)
    return show_alias(request).content.decode()


def test_view_reads_from_replica_while_it_is_recent(second_connection, positions):
    assert get_alias() == REPLICA
    assert get_alias("post") == PRIMARY
    positions["replica"] = RECENT._replace(replayed=1, committed_at=NOW - timedelta(minutes=1))
    replica.freshness._next_check = 0
    assert get_alias() == PRIMARY
    positions["replica"] = RECENT
    replica.freshness._next_check = 0
    assert get_alias() == REPLICA


def test_result_of_check_that_nobody_repeats_expires(second_connection):
    assert get_alias() == REPLICA
    replica.freshness._next_check = 0
    replica.freshness._usable_until = 0
    with replica.freshness._lock:  # another thread waits for a server that does not answer
        assert get_alias() == PRIMARY


def test_unreachable_replica_is_skipped(second_connection, monkeypatch):
    def fail():
        raise OperationalError("connection refused")

    monkeypatch.setattr(replica, "read_positions", fail)
    assert get_alias() == PRIMARY


def test_replica_that_fails_during_view_is_replaced_by_primary(second_connection):
    calls = []

    @reads_replica
    def view(request):
        calls.append(get_read_alias())
        if get_read_alias() == REPLICA:
            raise OperationalError("terminating connection due to conflict with recovery")
        return HttpResponse("rows")

    assert view(RequestFactory().get("/")).content == b"rows"
    assert calls == [REPLICA, PRIMARY]
    assert get_alias() == PRIMARY


def test_row_that_replica_lacks_is_looked_for_on_primary(second_connection):
    @reads_replica
    def view(request):
        if get_read_alias() == REPLICA:
            raise Http404
        return HttpResponse("row")

    assert view(RequestFactory().get("/")).content == b"row"


def test_template_response_is_rendered_from_replica(second_connection):
    @reads_replica
    def view(request):
        template = engines["django"].from_string("{{ alias }}")
        return TemplateResponse(request, template, {"alias": get_read_alias})

    assert view(RequestFactory().get("/")).content == REPLICA.encode()


def test_streamed_rows_are_read_from_replica_and_nothing_between_them(second_connection):
    @reads_replica
    def view(request):
        return StreamingHttpResponse(get_read_alias() for _row in range(6))

    chunks = iter(view(RequestFactory().get("/")))
    for _row in range(6):
        assert next(chunks) == REPLICA.encode()
        assert get_read_alias() == PRIMARY
    assert next(chunks, None) is None


@pytest.mark.django_db(transaction=True)
def test_affiliate_pages_read_from_replica_but_not_who_is_signed_in(second_connection, settings):
    client = Client()
    client.force_login(make_affiliate().user)
    for path in ("/reports/", "/reports/csv/", "/commissions/", "/statements/", "/links/"):
        assert client.get(path).status_code == 200
        assert second_connection, path
        tables = [sql.partition("FROM")[2] for sql in second_connection]
        assert not [sql for sql in tables if sql.startswith((' "django_session', ' "accounts_user'))]
        second_connection.clear()
    # Pages on which decisions are taken.
    for path in ("/home/", "/payouts/", "/payout-details/", "/agreement/mine/"):
        assert client.get(path).status_code == 200
        assert second_connection == [], path
    # Own writes are seen.
    cookie = client.post("/profile/notifications/").cookies[replica._COOKIE]
    # Longer than a replica that passes the checks can be behind.
    assert cookie["max-age"] > settings.DATABASE_REPLICA_LAG_SECONDS + 1 + replica._MAX_CHECK_SECONDS
    assert cookie["httponly"]
    second_connection.clear()
    assert replica._COOKIE not in client.get("/reports/").cookies
    assert second_connection == []


@pytest.mark.django_db(transaction=True)
def test_staff_lists_read_from_replica_and_payouts_from_primary(second_connection):
    client = Client()
    client.force_login(make_staff(superuser=True))
    for name in ("tracking/click", "tracking/order", "payouts/commission", "payouts/ledgerentry"):
        assert client.get(f"/admin/{name}/").status_code == 200
        assert second_connection, name
        second_connection.clear()
    for name in ("payouts/payoutbatch", "payouts/adjustment", "payouts/close"):
        assert client.get(f"/admin/{name}/").status_code == 200
        assert second_connection == [], name


@pytest.mark.django_db(transaction=True)
def test_row_from_replica_is_saved_on_primary(second_connection):
    make_affiliate()
    with replica.read_from(REPLICA), transaction.atomic():
        list(Affiliate.objects.all())
    assert second_connection == []
    with replica.read_from(REPLICA):
        affiliate = Affiliate.objects.get()
    assert affiliate._state.db == REPLICA
    second_connection.clear()
    affiliate.name = "Ann Example"
    affiliate.save()
    affiliate.refresh_from_db()
    assert affiliate.name == "Ann Example"
    assert second_connection == []
