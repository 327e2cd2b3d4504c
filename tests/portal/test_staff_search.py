"""The search of staff (Ctrl-K) over affiliates, orders, payouts, coupons, links and agreement versions."""

from decimal import Decimal

import pytest
from django.contrib.auth.models import Permission
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from affiliates.models import State
from agreements import version_drafts
from agreements.models import Program
from lib.formatting import format_date
from payouts.models import Payout, PayoutBatch
from payouts.payout_details.details import change_details
from tests.factories import make_affiliate, make_staff, make_user
from tests.scenarios import build_order, send_orders
from tracking.links import coupons, tracking_links

MAX_QUERIES = 12


@pytest.fixture
def anna(affiliate_factory):
    affiliate = affiliate_factory(State.ACTIVE, name="Anna Lindqvist")
    coupons.assign_coupon(affiliate=affiliate, code="ANNA10", assigned_from=None, now=timezone.now(), by=None)
    send_orders(build_order("JP-1001", coupon="ANNA10"))
    return affiliate


def search(client, text: str) -> str:
    response = client.get(reverse("admin:search"), {"s": text, "extended": "1"})
    assert response.status_code == 200
    return response.content.decode()


@pytest.fixture
def superuser_client(client_for):
    return client_for(make_staff(superuser=True))


def test_search_finds_affiliates_by_each_word_of_the_name_code_and_address(anna, superuser_client):
    for text in ("anna", "lindq", "Anna Lindqvist", anna.code.lower(), anna.user.email[:8].upper()):
        assert "Anna Lindqvist" in search(superuser_client, text), text


def test_search_finds_orders_coupons_links_and_versions(anna, superuser_client, agreement):
    Program.current()
    Program.objects.update(shop_url="https://www.example.com/", shop_hosts=["www.example.com"])
    link = tracking_links.create_link(
        affiliate=anna, target="https://www.example.com/", name="", sub_ids=(), now=timezone.now(), by=None
    )
    assert "JP-1001" in search(superuser_client, "jp-10")
    assert "ANNA10" in search(superuser_client, "anna1")
    assert reverse("admin:tracking_link_change", args=[link.pk]) in search(superuser_client, link.code)
    address = reverse("admin:agreements_agreementversion_change", args=[agreement.pk])
    assert address in search(superuser_client, agreement.name)


def test_search_finds_payouts_by_the_beginning_of_their_reference(anna, superuser_client):
    details = change_details(
        affiliate=anna, method="paypal", account="anna@example.com", holder="Anna", now=timezone.now(), by=anna.user
    )
    payout = Payout.objects.create(
        affiliate=anna, batch=PayoutBatch.objects.create(name="a batch", created_at=timezone.now()),
        details=details, amount=Decimal("20.00"), reference="AC7F31", created_at=timezone.now(),
    )  # fmt: skip
    address = reverse("admin:payouts_payout_change", args=[payout.pk])
    assert address in search(superuser_client, "ac7f")
    assert address not in search(superuser_client, "7f31")


def test_search_describes_drafts_and_versions_in_force(agreement, superuser_client):
    draft = version_drafts.start_draft(now=timezone.now(), by=None)
    assert "Agreement version, draft" in search(superuser_client, draft.name)
    page = search(superuser_client, agreement.name)
    assert f"Agreement version, from {format_date(agreement.effective_at.date())}" in page


def test_search_finds_pages_of_the_menu(agreement, superuser_client):
    assert reverse("admin:payouts_payoutbatch_changelist") in search(superuser_client, "batches")


@pytest.mark.parametrize("text", ["Unknown Person", "%", "_", "'", "\\", "a & b", ":*", "<b>", "x" * 5000])
def test_search_says_that_nothing_was_found(agreement, superuser_client, text):
    page = search(superuser_client, text)
    assert "No results for" in page
    assert "<b>" not in page


def test_search_shows_only_what_the_user_may_see(anna, client_for):
    approver = client_for(make_staff("payout approvers"))
    page = search(approver, "anna")
    assert "Anna Lindqvist" in page
    assert "ANNA10" not in page
    other = make_staff()
    assert "Anna" not in search(client_for(other), "Lindqvist").replace("“Lindqvist”", "")
    other.user_permissions.add(Permission.objects.get(codename="view_affiliate"))
    client = client_for(other)
    assert "Anna Lindqvist" in search(client, "Lindqvist")
    # At once, not only when a cached result expires.
    other.user_permissions.clear()
    assert "Anna Lindqvist" not in search(client, "Lindqvist")


def test_search_shows_some_of_each_kind_and_links_to_the_list(agreement, superuser_client):
    for number in range(8):
        make_affiliate(name=f"Gardener {number}", state=State.APPLIED)
    page = search(superuser_client, "gardener")
    assert page.count("Gardener") == 5
    assert f"{reverse('admin:affiliates_affiliate_changelist')}?q=gardener" in page


def test_search_takes_few_queries_that_read_indexes(anna, client_for):
    client = client_for(make_staff("affiliate managers"))
    search(client, "anna")
    with CaptureQueriesContext(connection) as queries:
        search(client, "anna")
    assert len(queries) <= MAX_QUERIES, [query["sql"] for query in queries]
    searched = [query["sql"] for query in queries if "LIKE" in query["sql"] or "@@" in query["sql"]]
    assert len(searched) >= 5
    for sql in searched:
        with connection.cursor() as cursor:
            cursor.execute("SET LOCAL enable_seqscan = off")
            cursor.execute(f"EXPLAIN {sql}")
            plan = "\n".join(line for (line,) in cursor.fetchall())
        assert "Seq Scan" not in plan, plan


def test_search_is_a_page_without_scripts(anna, superuser_client):
    page = superuser_client.get(reverse("admin:search"), {"s": "anna"}).content.decode()
    assert "<h1" in page
    assert "Anna Lindqvist" in page
    assert 'name="s" value="anna"' in page
    assert superuser_client.get(reverse("admin:search")).status_code == 200


def test_search_is_for_staff(agreement, client_for):
    assert client_for(make_user()).get(reverse("admin:search"), {"s": "a"}).status_code == 302
