"""The home, search and lists of staff in a program in which nothing is empty."""

import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
import time_machine
from django.contrib import admin
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from affiliates import channels
from affiliates.models import State
from benchmarks.pages import PAGES
from lib.admin import keyset_list
from mail.models import Message
from payouts.commissions import rollups
from payouts.models import Close, CloseException
from portal import staff_home
from portal.models import IntegrityCheck
from portal.todo_entries import ENTRIES
from shops.models import ApiFailure, Connection, ShopEvent
from tests.factories import make_affiliate, make_staff, make_user
from tests.portal.matrix_scenario import NOW
from tests.scenarios import build_order, check_constraints, roll_back, send_orders
from tests.sessions import sign_in
from tracking.models import ClickLoss

pytestmark = pytest.mark.django_db
# In April, when the close of March is due.
APRIL = NOW + timedelta(days=35)
# Of any page, however many rows there are.
MAX_QUERIES = 12


@pytest.fixture(scope="module")
def program(matrix_program, django_db_blocker):
    """Add what the scenario lacks: an item of each entry, and beside it rows that the entry does not count."""
    with django_db_blocker.unblock(), time_machine.travel(APRIL), roll_back():
        scenario, _cookies = matrix_program
        make_affiliate(state=State.APPLIED, user=make_user(verified=False), at=NOW)
        applicant = make_affiliate(state=State.APPLIED, at=NOW)
        channels.add(affiliate=applicant, kind="blog", address="https://a.example/", now=NOW, by=None)
        last = Close.objects.latest("period")
        CloseException.objects.create(close=last, affiliate=applicant, cause="a test")
        connections = list(Connection.objects.filter(state="active").order_by("pk")[:2])
        Connection.objects.filter(pk=connections[0].pk).update(milestones={"event": NOW.isoformat()})
        ShopEvent.objects.all().delete()
        Connection.objects.filter(pk=connections[1].pk).update(api_key="encrypted")
        ApiFailure.objects.create(
            connection=connections[1], call="search", since=NOW, failed_at=APRIL, cause="no answer", status=0
        )
        at = "2026-03-09T12:00:00Z"
        send_orders(build_order("UNRATED", ("unheard-of", "10.00"), coupon="OWNER10", placed=at, at=at))
        rollups.fold_rollups()
        ClickLoss.objects.create(count=40, recorded_at=APRIL - timedelta(days=1))
        ClickLoss.objects.create(count=2, recorded_at=APRIL - timedelta(days=30))
        Message.objects.filter(pk=Message.objects.latest("id").pk).update(state="failed", sent_at=None)
        IntegrityCheck.objects.create(
            name="roll-ups", day=NOW.date(), started_at=NOW, seconds=1, summary="all", violation="a difference"
        )
        check_constraints()
        yield scenario


@pytest.fixture(scope="module")
def client(program):
    client = Client()
    client.force_login(program.people["superuser"])
    return client


def count_listed(client, item) -> int:
    """Return the number of rows on the page that an item links to."""
    response = client.get(item.link)
    assert response.status_code == 200, item.link
    if "cl" in (response.context or {}):
        return response.context["cl"].result_count
    page, address = response.content.decode(), urlsplit(item.link)
    if address.path == reverse("admin:payouts_close_close_next"):
        return page.count('class="due-month"')
    if address.path == reverse("shops:staff_categories"):
        return page.partition("<tbody")[2].partition("</tbody>")[0].count("<tr")
    [kind] = parse_qs(address.query)["problems"]
    return page.partition(f'id="{kind}"')[2].partition("</ul>")[0].count("<li")


def test_every_tile_counts_the_rows_of_its_list(program, client):
    items = staff_home.list_todo_items(program.people["superuser"], APRIL)
    counts = {item.label: (item.count, count_listed(client, item)) for item in items}
    assert all(count for count, _listed in counts.values()), counts
    assert {label: both for label, both in counts.items() if both[0] != both[1]} == {}
    assert [entry.label for entry in ENTRIES if entry.label not in counts] == []


def test_unconfirmed_applications_have_a_filter_of_their_own(program, client):
    page = client.get(reverse("admin:affiliates_affiliate_changelist"), {"application": "unconfirmed"})
    [affiliate] = page.context["cl"].result_list
    assert not affiliate.confirmed


def test_no_page_title_of_a_row_is_technical(program):
    """A title has no random id, no key with underscores or colons, and no date as the database writes it."""
    technical = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}|\w_\w|[A-Za-z]:\w|\d{4}-\d\d-\d\d")
    titles = {label: str(row) for label, row in program.rows.items()}
    assert {label: title for label, title in titles.items() if technical.search(title)} == {}


def list_changelists():
    """Return the admins with a list, without those that show another page in its place."""
    others = ("portal.ScheduledTask", "agreements.Program", "affiliates.ApprovalRule")
    return [model_admin for model_admin in admin.site._registry.values() if model_admin.opts.label not in others]


def list_excesses(client, addresses) -> str:
    """Return the queries of each page that needs too many, as text."""
    found = []
    for address in addresses:
        with CaptureQueriesContext(connection) as queries:
            assert client.get(address).status_code == 200, address
        # A page has no transaction of a test around it.
        read = [query["sql"] for query in queries if "SAVEPOINT" not in query["sql"]]
        if len(read) > MAX_QUERIES:
            found += [f"{address}: {len(read)}", *(sql.partition(" FROM ")[2][:150] for sql in read)]
    return "\n".join(found)


def test_every_list_needs_few_queries(program, client, monkeypatch):
    """Each list is requested as it opens, and its last page, sorted, of a search, as if it were long."""
    monkeypatch.setattr(keyset_list, "MAX_COUNTED", 0)
    addresses = []
    for model_admin in list_changelists():
        address = reverse(f"admin:{model_admin.opts.app_label}_{model_admin.opts.model_name}_changelist")
        search = "&q=e" if model_admin.search_fields else ""
        addresses += [address, f"{address}?p=last&o=1{search}"]
    excesses = list_excesses(client, addresses)
    assert not excesses, excesses


def test_home_with_every_item_needs_few_queries(program, client):
    superuser = program.people["superuser"]
    everyone = make_staff(*Group.objects.values_list("name", flat=True))
    for user in (superuser, everyone):
        cache.clear()
        client = sign_in(Client(), user, ("password", "mfa"))
        excesses = list_excesses(client, [reverse("admin:index")])
        assert not excesses, excesses


def test_every_list_of_an_affiliate_needs_few_queries(program):
    client = Client()
    client.force_login(program.people["owner"])
    commissions = reverse("payouts:commissions")
    addresses = [
        f"{commissions}?state=pending&sort=amount&order=O",
        f"{commissions}?category=home-decor&since=2026-01-01",
    ]
    names = (*PAGES, "messaging:notifications", "messaging:conversations")
    addresses += map(reverse, names)
    for address in addresses:
        client.get(address)  # what a process keeps, such as clause numbers
    excesses = list_excesses(client, addresses)
    assert not excesses, excesses
