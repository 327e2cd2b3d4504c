"""The page of an affiliate in the admin: figures and tabs, by permission, in few queries."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from agreements import publishing, version_drafts
from audit.models import AuditRecord
from lib.formatting import format_datetime
from portal.affiliate_page.tabs import TABS
from portal.models import ErasureRequest
from tests.admin_confirmation import confirm_twice
from tests.factories import make_affiliate, make_staff
from tests.portal.conftest import accept_agreement
from tests.portal.erasure_scenario import build_erasure_scenario

pytestmark = pytest.mark.django_db

MANAGER, REVIEWER, PREPARER = "affiliate managers", "compliance reviewers", "payout preparers"
# A page may take this many queries, however many rows there are.
MOST_QUERIES = 12
ACCOUNT = "GB33BUKB20201555555555"


def build_url(affiliate, tab="", name="change"):
    return reverse(f"admin:affiliates_affiliate_{name}", args=[affiliate.pk]) + (f"?tab={tab}" if tab else "")


def read_tabs(page: str) -> list[str]:
    return re.findall(r'href="\?tab=(\w+)"', page)


def read_figures(page: str) -> dict[str, str]:
    rows = re.findall(r"<dt>(.*?)</dt>\s*<dd>\s*(.*?) <small>", page, re.DOTALL)
    return {label: value.strip() for label, value in rows}


@pytest.fixture
def affiliate(db):
    """Return an affiliate with rows in every tab."""
    return build_erasure_scenario()


def test_tabs_and_figures_follow_the_permissions_of_each_group(client, db):
    affiliate = make_affiliate()
    expected = {
        MANAGER: (
            ["overview", "links", "orders", "agreements", "audit"],
            ["Earned", "Clicks / orders"],
        ),
        REVIEWER: (
            ["overview", "links", "orders", "commissions", "payouts", "agreements", "reviews", "audit"],
            ["Earned", "Clicks / orders", "Sales target"],
        ),
        PREPARER: (
            ["overview", "orders", "commissions", "statements", "payouts", "audit"],
            ["Balance", "Payouts under way", "Earned", "Clicks / orders"],
        ),
    }
    for group, (tabs, figures) in expected.items():
        client.force_login(make_staff(group))
        page = client.get(build_url(affiliate)).content.decode()
        assert read_tabs(page) == tabs, group
        assert list(read_figures(page)) == figures, group
        for tab in TABS:
            status = client.get(build_url(affiliate, tab.slug)).status_code
            assert status == (200 if tab.slug in tabs else 403), (group, tab.slug)
    assert client.get(build_url(affiliate, "nothing")).status_code == 404


def test_every_tab_shows_its_newest_rows_in_few_queries(affiliate, client):
    client.force_login(make_staff(superuser=True))
    texts = {
        "overview": ("Called her on 555-0199", "quastenblog.example", "terminated", "Cousin of staff"),
        "links": ("Minas letter", "WILHELMINA10"),
        "orders": ("SOLD", "Sales, USD", ">2,000.00<"),
        "commissions": ("SOLD", ">100.00<", "5.00"),
        "statements": ("February 2026", ">220.00<", "Bonus"),
        "payouts": ("paid", ">220.00<", "p•••@pay.example", "PayPal"),
        "agreements": ("ersion 1", "online (checkbox)"),
        "reviews": ("warning", "clicks from undeclared sites"),
        "mails": ("wilhelmina@current.example",),
        "audit": ("affiliate note", "A private note of staff."),
        "personal_data": ("Deletion request", "Channels", "kept without the personal fields"),
    }
    assert list(texts) == [tab.slug for tab in TABS]
    client.get(build_url(affiliate))
    for tab, found in texts.items():
        with CaptureQueriesContext(connection) as queries:
            page = client.get(build_url(affiliate, tab)).content.decode()
        for text in found:
            assert text in page, (tab, text)
        assert ACCOUNT not in page
        statements = [query["sql"] for query in queries]
        # The deletion request says what it waits for, each kind by a query of its own.
        most = MOST_QUERIES + (8 if tab == "personal_data" else 0)
        assert len(statements) <= most, (tab, [sql[:150] for sql in statements])
        assert sum(sql.startswith('SELECT "affiliates_affiliate"."id"') for sql in statements) == 1, tab


def test_links_to_all_rows_open_filtered_lists(affiliate, client):
    make_affiliate(name="Someone Else")
    client.force_login(make_staff(superuser=True))
    for tab in TABS:
        page = client.get(build_url(affiliate, tab.slug)).content.decode()
        for url in re.findall(r'<a class="underline" href="([^"]+)">All ', page):
            response = client.get(url)
            assert response.status_code == 200, url
            assert "Someone Else" not in response.content.decode(), url


def test_figures_add_up(affiliate, client):
    client.force_login(make_staff(superuser=True))
    figures = read_figures(client.get(build_url(affiliate)).content.decode())
    assert list(figures) == ["Balance", "Payouts under way", "Earned", "Clicks / orders", "Sales target"]
    assert figures["Balance"] == "0.00 USD"


def test_profile_form_is_on_the_overview_alone(affiliate, client):
    client.force_login(make_staff(MANAGER))
    assert 'name="time_zone"' in client.get(build_url(affiliate)).content.decode()
    assert 'name="time_zone"' not in client.get(build_url(affiliate, "links")).content.decode()


def test_empty_tab_says_what_it_is_and_when_it_fills(client, db):
    client.force_login(make_staff(PREPARER))
    page = client.get(build_url(make_affiliate(), "payouts")).content.decode()
    assert "No payouts yet. A monthly close pays a balance that reaches the payout threshold." in page


def publish_next(now, *, percent):
    """Publish a version 40 days before it takes effect, with other rates if given."""
    draft = version_drafts.start_draft(now=now, by=None)
    if percent:
        draft.rates.update(percent=percent)
    return publishing.publish_version(agreement=draft, effective_at=now + timedelta(days=40), now=now, by=None)


def test_page_states_which_version_applies_and_why(client, agreement):
    affiliate = make_affiliate()
    client.force_login(make_staff(MANAGER))
    url = build_url(affiliate, "agreements")
    assert "No version applies: the affiliate has not accepted any." in client.get(url).content.decode()
    now = timezone.now()
    accepted_at = now - timedelta(days=200)
    accept_agreement(affiliate, agreement, accepted_at)
    page = client.get(url).content.decode()
    assert f"Accepted on {format_datetime(accepted_at)}." in page
    publish_next(now - timedelta(days=100), percent=None)
    page = client.get(url).content.decode()
    assert "Follows the version before it" in page
    assert page.count("applies now") == 1
    worse = publish_next(now - timedelta(days=50), percent="2.60")
    page = client.get(url).content.decode()
    assert f"links and coupons are paused since {format_datetime(worse.effective_at)}" in page


def test_owner_enters_a_deletion_request_and_sees_what_is_kept(affiliate, client):
    client.force_login(make_staff(MANAGER))
    url = build_url(affiliate, name="request_erasure")
    assert client.get(url).status_code == 403
    client.force_login(make_staff(superuser=True))
    ErasureRequest.objects.filter(affiliate=affiliate).delete()
    page = client.get(url).content.decode()
    assert "Outstanding before the deletion" in page
    assert "Kept under a pseudonym" in page
    numbers = affiliate.channels.count(), affiliate.payout_details.count()
    assert "channels: {}, payout accounts: {}".format(*numbers) in page
    confirm_twice(client, url, {"reason": "By letter of 3 May."})
    request = ErasureRequest.objects.get(affiliate=affiliate)
    assert AuditRecord.objects.filter(action="erasure requested", reason="By letter of 3 May.").exists()
    assert request.carried_out_at is None
