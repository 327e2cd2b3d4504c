"""The page of paths of a generic connection (specification 11)."""

import pytest
from django.urls import reverse

from audit.models import AuditRecord
from shops.connectors.generic.example import EXAMPLE
from shops.connectors.generic.forms import GenericForm
from shops.models import Connection
from tests.factories import make_staff
from tests.sessions import sign_in
from tests.shops.connectors.generic.generic_shop import build_connection


@pytest.fixture
def connection(db):
    connection = build_connection()
    connection.save()
    return connection


@pytest.fixture
def staff(client, connection):
    return sign_in(client, make_staff(superuser=True))


def build_post(connection, **changes):
    form = GenericForm(connection.options)
    fields = {name: form.get_initial_for_field(field, name) for name, field in form.fields.items()}
    return fields | {"sample": EXAMPLE} | {name.replace("__", "-"): value for name, value in changes.items()}


def get_url(connection):
    return reverse("shops:generic_paths", args=[connection.pk])


def test_page_shows_the_snapshot_of_the_example(staff, connection):
    page = staff.get(get_url(connection)).content.decode()
    assert "data.lines[].amount" in page
    assert "36.00" in page


def test_preview_stores_nothing(staff, connection):
    post = build_post(connection, path__amount="data.lines[].missing", fragment="1")
    page = staff.post(get_url(connection), post).content.decode()
    assert "lines[0].amount" in page
    assert "<html" not in page
    assert Connection.objects.get().options == connection.options


def test_paths_are_saved_with_an_audit_record(staff, connection):
    post = build_post(connection, path__amount="data.lines[].net", save="1", reason="the shop changed")
    assert staff.post(get_url(connection), post).status_code == 302
    options = Connection.objects.get().options
    assert (options["paths"]["amount"], options["revision"]) == ("data.lines[].net", 1)
    record = AuditRecord.objects.get(action="shop connection changed")
    assert record.reason == "the shop changed"
    assert "data.lines[].amount" in record.before["options"]


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"path__amount": "lines["}, "Not a path"),
        ({"reason": ""}, "This field is required"),
        ({"revision": 7}, "changed by another person"),
    ],
)
def test_what_is_wrong_is_not_saved(staff, connection, changes, text):
    post = build_post(connection, path__sku="data.lines[].code", save="1", reason="a test") | {
        name.replace("__", "-"): value for name, value in changes.items()
    }
    response = staff.post(get_url(connection), post)
    assert response.status_code == 200
    assert text in response.content.decode()
    assert Connection.objects.get().options == connection.options


def test_hostile_samples_are_answered(staff, connection):
    for sample in ("[" * 100_000, "\0", '{"data": ' + "9" * 5_000 + "}", "x" * 300_000):
        assert staff.post(get_url(connection), build_post(connection, sample=sample)).status_code == 200


def test_other_connections_have_no_such_page(staff, connection):
    Connection.objects.update(platform="shopify")
    assert staff.get(get_url(connection)).status_code == 404


def test_staff_without_the_permission_are_refused(client, connection):
    staff = sign_in(client, make_staff("affiliate managers"))
    assert staff.get(get_url(connection)).status_code == 403
