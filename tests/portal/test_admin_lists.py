"""The default order of the lists in the admin: the same on each call, and read from an index where rows can be many."""

import json

import pytest
from django.contrib import admin
from django.db import connection
from django.test import RequestFactory

from tests.factories import make_staff

pytestmark = pytest.mark.django_db

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


def test_breadcrumb_never_names_the_same_twice():
    """The admin's header names the app and the list: not "Affiliates > Affiliates"."""
    doubled = [
        model_admin.opts.label
        for model_admin in ADMINS
        if str(model_admin.opts.app_config.verbose_name).casefold()
        == str(model_admin.opts.verbose_name_plural).casefold()
    ]
    assert doubled == []
