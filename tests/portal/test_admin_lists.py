"""The default order of the lists in the admin: the same on each call, and read from an index where rows can be many."""

import html
import json
import re
from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.db import connection
from django.http import QueryDict
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts import api_keys
from affiliates import channels
from affiliates.models import Affiliate, Channel, State
from lib.admin import keyset_list
from portal import empty_lists
from portal.staff_menu import build_sidebar
from tests.factories import make_affiliate, make_staff

pytestmark = pytest.mark.django_db
AT = datetime(2026, 2, 3, tzinfo=UTC)

# Of which a program has few.
FEW_ROWS = {
    "agreements.AgreementVersion",
    "agreements.Promotion",
    "compliance.TargetPause",
    "portal.ErasureRequest",
    "portal.IntegrityCheck",
}
ADMINS = sorted(admin.site._registry.values(), key=lambda model_admin: model_admin.opts.label)


@pytest.fixture
def staff_request():
    request = RequestFactory().get("/")
    request.user = make_staff(superuser=True)
    return request


def iter_nodes(plan):
    """Yield the nodes of a query plan, without the subqueries of single columns."""
    yield plan
    for child in plan.get("Plans", ()):
        if child["Parent Relationship"] not in ("SubPlan", "InitPlan"):
            yield from iter_nodes(child)


def explain(rows):
    """Return the nodes of the plan for `rows` that a large table would have."""
    sql, parameters = rows.query.sql_with_params()
    with connection.cursor() as cursor:
        cursor.execute("SET LOCAL enable_seqscan = off; SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off")
        cursor.execute(f"EXPLAIN (FORMAT JSON) {sql}", parameters)
        (found,) = cursor.fetchone()
    return list(iter_nodes((json.loads(found) if isinstance(found, str) else found)[0]["Plan"]))


def test_every_list_declares_its_order(staff_request):
    """Django adds the primary key to an order that is not unique."""
    undeclared = [model_admin.opts.label for model_admin in ADMINS if not model_admin.get_ordering(staff_request)]
    assert set(undeclared) <= {"affiliates.Affiliate", "agreements.AgreementVersion"}, undeclared
    assert all(model_admin.opts.ordering for model_admin in ADMINS if model_admin.opts.label in undeclared)


def test_every_list_that_can_be_long_is_read_in_the_order_of_an_index(staff_request):
    sorted_lists = {
        model_admin.opts.label: node["Sort Key"]
        for model_admin in ADMINS
        for node in explain(model_admin.get_changelist_instance(staff_request).queryset[:50])
        if node["Node Type"] == "Sort"
    }
    assert sorted_lists.keys() == FEW_ROWS, sorted_lists


def test_every_list_says_why_it_is_empty(staff_request, client):
    registered = {model_admin.opts.label for model_admin in ADMINS}
    assert registered == set(empty_lists.TEXTS)
    client.force_login(staff_request.user)
    page = client.get(reverse("admin:payouts_payout_changelist")).content.decode()
    assert "No payouts yet" in page
    assert "Show all" not in page
    assert str(empty_lists.TEXTS["payouts.Payout"]) in page
    filtered = client.get(reverse("admin:payouts_payout_changelist"), {"q": "nothing"}).content.decode()
    assert "No payouts match" in filtered
    assert "yielded" not in page + filtered


def test_list_names_the_zone_of_its_times_once(staff_request, client):
    client.force_login(staff_request.user)
    make_affiliate(at=datetime(2026, 2, 3, 8, 26, tzinfo=UTC))
    make_affiliate(at=datetime(2026, 2, 4, 8, 26, tzinfo=UTC))
    page = client.get(reverse("admin:affiliates_affiliate_changelist")).content.decode()
    assert ">3 Feb 2026, 08:26<" in page
    assert page.count("UTC") == 1


def test_way_back_names_the_list(staff_request, client):
    client.force_login(staff_request.user)
    key, _secret = api_keys.create(name="The shop", now=datetime(2026, 2, 3, tzinfo=UTC), by=staff_request.user)
    page = client.get(reverse("admin:accounts_apikey_change", args=[key.pk])).content.decode()
    assert "Back to" in page
    assert not re.search(r">\s*Close\s*<", page)


class PagedAdmin:
    """Pages of a list in steps of five rows."""

    def __init__(self, client, monkeypatch):
        self.client = client
        monkeypatch.setattr(keyset_list, "MAX_COUNTED", 10)
        monkeypatch.setattr(admin.site.get_model_admin(Affiliate), "list_per_page", 5)

    def get(self, **query):
        response = self.client.get(reverse("admin:affiliates_affiliate_changelist"), query)
        assert response.status_code == 200
        return response

    def walk(self, direction: str, **query) -> list[list[str]]:
        """Return the codes on each page, from the first or from the last."""
        pages, page = [], {} if direction == "next" else {"p": "last"}
        while True:
            response = self.get(**query, **page)
            change_list = response.context["cl"]
            pages.append([affiliate.code for affiliate in change_list.result_list])
            following = change_list.next_page if direction == "next" else change_list.previous_page
            if not following:
                return pages
            assert following in response.content.decode()
            page = {"p": following}


@pytest.fixture
def paged(staff_request, client, monkeypatch):
    client.force_login(staff_request.user)
    for number in range(13):
        at = datetime(2026, 2, 1 + number // 3, tzinfo=UTC)
        affiliate = make_affiliate(state=State.APPLIED, name=f"Name {number % 2}", at=at)
        Affiliate.objects.filter(pk=affiliate.pk).update(code=f"CODE{number:02}")
    return PagedAdmin(client, monkeypatch)


@pytest.mark.parametrize("query", [{}, {"o": "1"}, {"o": "-3.2"}, {"o": "3"}, {"q": "code"}])
def test_long_list_has_each_row_once_from_either_end(paged, query):
    expected = list(Affiliate.objects.values_list("code", flat=True))
    forward = [code for page in paged.walk("next", **query) for code in page]
    backward = [code for page in reversed(paged.walk("previous", **query)) for code in page]
    assert forward == backward
    assert sorted(forward) == sorted(expected)
    assert len(forward) == 13
    if not query:
        assert forward == expected


@pytest.mark.parametrize(("model", "column"), [("mail.Message", 1), ("payouts.Payout", 6)])
@pytest.mark.parametrize("sign", ["", "-"])
def test_list_sorted_by_a_time_is_read_from_an_index_in_both_directions(staff_request, model, column, sign):
    """A close creates its e-mails and payouts at one time, so that the order among equals matters, too."""
    [model_admin] = [one for one in ADMINS if one.opts.label == model]
    staff_request.GET = QueryDict(f"o={sign}{column}")
    rows = model_admin.get_changelist_instance(staff_request).queryset
    assert rows.query.order_by[0] == f"{sign}created_at"
    assert not {node["Node Type"] for node in explain(rows[:50])} & {"Sort", "Incremental Sort"}


@pytest.mark.parametrize("order", ["2", "-2"])
def test_long_list_sorted_by_another_model_has_each_row_once(paged, monkeypatch, order):
    """By affiliate: by the order of the affiliates, some of whom applied at the same time."""
    for affiliate in Affiliate.objects.order_by("pk"):
        channels.add(affiliate=affiliate, kind="blog", address=f"https://{affiliate.code}.example/", now=AT, by=None)
    monkeypatch.setattr(admin.site.get_model_admin(Channel), "list_per_page", 5)
    found, page = [], {"o": order, "p": "last"}
    while page["p"]:
        change_list = paged.client.get(reverse("admin:affiliates_channel_changelist"), page).context["cl"]
        found = [*change_list.result_list, *found]
        page = {"o": order, "p": change_list.previous_page}
    assert found == list(Channel.objects.order_by(order.replace("2", "affiliate"), "-pk"))


def test_long_list_is_not_counted_to_its_end(paged):
    response = paged.get()
    assert str(response.context["cl"].result_count) == "10+"
    assert "10+ affiliates" in response.content.decode()


@pytest.mark.parametrize(
    "page", ["after.x", "before.", "after", "7", "last.9", "after.00000000-0000-0000-0000-000000000000"]
)
def test_unknown_page_of_a_long_list_is_no_error(paged, page):
    response = paged.client.get(reverse("admin:affiliates_affiliate_changelist"), {"p": page}, follow=True)
    assert response.status_code == 200


def test_last_page_of_a_long_list_is_read_from_the_end_of_an_index(paged):
    with CaptureQueriesContext(connection) as queries:
        paged.get(p="last")
    assert not [query["sql"] for query in queries if "OFFSET" in query["sql"]]


def test_breadcrumb_never_names_the_same_twice():
    """The admin's header names the app and the list: not "Affiliates > Affiliates"."""
    doubled = [
        model_admin.opts.label
        for model_admin in ADMINS
        if str(model_admin.opts.app_config.verbose_name).casefold()
        == str(model_admin.opts.verbose_name_plural).casefold()
    ]
    assert doubled == []


def test_title_of_every_list_has_the_words_of_the_menu(staff_request, client):
    client.force_login(staff_request.user)
    titles = {
        str(item["title"]): str(item["link"])
        for group in build_sidebar(staff_request)
        for item in group["items"]
        if str(item["link"]).count("/") == 4
    }
    assert len(titles) > 20
    for title, address in titles.items():
        page = client.get(address, follow=True).content.decode()
        [shown] = re.findall(r"<title>(.*?)</title>", page, re.DOTALL)
        assert html.unescape(" ".join(shown.split())).split(" | ")[-2] in (title, title.removesuffix("s")), address


def test_title_of_a_row_names_it_and_what_it_is(staff_request, client):
    client.force_login(staff_request.user)
    affiliate = make_affiliate(name="Ann Archer")
    page = client.get(reverse("admin:affiliates_affiliate_change", args=[affiliate.pk])).content.decode()
    [shown] = re.findall(r"<title>(.*?)</title>", page, re.DOTALL)
    assert " ".join(shown.split()).startswith(f"Ann Archer ({affiliate.code}) | Affiliate |")
