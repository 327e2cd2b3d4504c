"""The search of the audit trail by what a record is about: codes, order numbers, names."""

import pytest
from django.urls import reverse

from agreements.models import Program
from audit import trail
from tests.factories import NOW, make_staff
from tests.scenarios import build_order, create_program, import_affiliates, send_orders
from tracking.links import coupons
from tracking.links.tracking_links import create_link
from tracking.models import Order

pytestmark = pytest.mark.django_db
LIST = reverse("admin:audit_auditrecord_changelist")


@pytest.fixture
def affiliate(tmp_path):
    create_program()
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    affiliates = import_affiliates(("ANNA", "BEN"), tmp_path)
    anna, ben = affiliates["ANNA"], affiliates["BEN"]
    coupons.assign_coupon(affiliate=anna, code="ANNASPRING", assigned_from=NOW, now=NOW, by=None, reason="For Anna.")
    coupons.assign_coupon(affiliate=ben, code="BENSUMMER", assigned_from=NOW, now=NOW, by=None, reason="For Ben.")
    create_link(affiliate=anna, target="https://shop.example/", name="Letter", now=NOW, by=None)
    send_orders(build_order("JP-1", coupon="ANNA"))
    trail.record(action="order tried", subject=Order.objects.get(), now=NOW, by=None, reason="About the order.")
    return anna


@pytest.fixture
def client(client):
    client.force_login(make_staff(superuser=True))
    return client


@pytest.mark.parametrize("text", ["annaspring", "ANNA"])
def test_record_of_a_coupon_is_found_by_its_code_and_by_its_affiliate(client, affiliate, text):
    page = client.get(LIST, {"q": text}).content.decode()
    assert "For Anna." in page
    assert "For Ben." not in page


def test_record_of_an_order_is_found_by_its_number(client, affiliate):
    page = client.get(LIST, {"q": "JP-1"}).content.decode()
    assert "About the order." in page
    assert "For Anna." not in page
    assert "About the order." not in client.get(LIST, {"q": "JP-2"}).content.decode()


def test_audit_tab_of_an_affiliate_has_the_records_of_their_coupons(client, affiliate):
    page = client.get(reverse("admin:affiliates_affiliate_change", args=[affiliate.pk]), {"tab": "audit"})
    assert "For Anna." in page.content.decode()
    assert "For Ben." not in page.content.decode()
