"""Staff see categories by their display names, too."""

import pytest
from django.test import Client
from django.urls import reverse

from payouts.models import Commission
from tests.factories import make_staff
from tests.scenarios import build_order, create_program, import_affiliates, send_orders
from tracking.models import Order

pytestmark = pytest.mark.django_db


@pytest.fixture
def client(tmp_path) -> Client:
    create_program()
    import_affiliates(["ANN"], tmp_path)
    send_orders(build_order("A1", ("office-school", "100.00"), ("garden-tools", "5.00"), coupon="ANN"))
    client = Client()
    client.force_login(make_staff(superuser=True))
    return client


def read(client: Client, name: str, *args: object, **query: str) -> str:
    response = client.get(reverse(f"admin:{name}", args=args), query)
    assert response.status_code == 200
    return response.content.decode()


def test_commissions_name_their_categories(client):
    listed = read(client, "payouts_commission_changelist")
    assert "Office &amp; school" in listed
    # A category without a rate has a name made from its code.
    assert "Garden tools" in listed
    assert ">office-school<" not in listed
    commission = Commission.objects.get(category="office-school")
    assert "Office &amp; school" in read(client, "payouts_commission_change", commission.pk)


def test_commissions_are_filtered_by_category(client):
    found = read(client, "payouts_commission_changelist", category="office-school")
    assert "100.00" not in read(client, "payouts_commission_changelist", category="home-decor")
    assert "A1" in found
    assert "Garden tools" not in found


def test_order_lines_show_name_and_code(client):
    page = read(client, "tracking_order_change", Order.objects.get().pk)
    assert "Office &amp; school (office-school)" in page
    assert "garden-tools" in page
