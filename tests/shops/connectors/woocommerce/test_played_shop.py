"""The example that plays a WooCommerce shop, with a real web server (specification 11).

Two cups cost 40.00. In the seed agreement kitchen-dining earns 5.50 %, 2.20, and everything else 3 %, 1.20. A refund of
30.00 of the 60.00 that were paid is 20.00 of the goods: 20.00 remain, which earn 1.10.
"""

import importlib.util
from datetime import timedelta

import pytest
from django.utils import timezone

from agreements.models import Program
from config.environment import BASE_DIR
from payouts.models import Commission
from shops.connectors import folding
from shops.models import CategoryMapping, ShopEvent
from tests.scenarios import create_program, import_affiliates
from tests.shops.connectors.woocommerce.api_shop import make_connection
from tests.shops.connectors.woocommerce.payloads import SECRET
from tests.web_server import run_web_server
from tracking.links.tracking_links import create_link
from tracking.models import Order

PATH = BASE_DIR / "docs/examples/woocommerce_shop.py"
pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.slow]


@pytest.fixture
def play():
    spec = importlib.util.spec_from_file_location("woocommerce_shop", PATH)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return lambda *arguments: module.main([*arguments])


def list_outcomes():
    return list(ShopEvent.objects.order_by("id").values_list("topic", "state"))


def list_commissions():
    return [str(amount) for amount in Commission.objects.order_by("order_id").values_list("amount", flat=True)]


def test_played_shop_earns_by_link_and_by_coupon(play, tmp_path, capsys):
    create_program("2026-01-01")
    Program.current()
    Program.objects.update(shop_url="https://shop.example/", shop_hosts=["shop.example"])
    ann = import_affiliates(["ANN"], tmp_path)["ANN"]
    link = create_link(
        affiliate=ann, target="https://shop.example/cups", now=timezone.now() - timedelta(minutes=1), by=None
    )
    connection = make_connection()
    CategoryMapping.objects.create(
        connection=connection, shop_category="Kitchen & dining", key="kitchen & dining", category="kitchen-dining"
    )
    with run_web_server() as server:
        address = f"http://127.0.0.1:{server.port}"
        webhook = f"{address}/hooks/{connection.pk}"
        assert play(webhook, SECRET, "--link", f"{address}/r/{link.code}", "--number", "1") == 0
        folding.process_events(now=timezone.now())
        assert list_outcomes() == [
            ("product.updated", "done"),
            ("order.created", "done"),
            ("order.updated", "done"),
        ]
        assert list_commissions() == ["2.20"]
        more = ("--coupon", "ann", "--number", "2", "--complete", "--refund", "30.00")
        assert play(webhook, SECRET, *more) == 0
        folding.process_events(now=timezone.now())
        assert list_commissions() == ["2.20", "1.10"]
        assert sorted(Order.objects.values_list("order_id", "status")) == [
            (f"{connection.prefix}-1", "paid"),
            (f"{connection.prefix}-2", "completed"),
        ]
        connection.refresh_from_db()
        assert sorted(connection.milestones) == ["attributed", "completed", "event", "order", "refund"]
        capsys.readouterr()
        assert play(webhook, "a-wrong-secret") == 1
        assert "refused with 401" in capsys.readouterr().err
        assert play(webhook, SECRET, "--link", f"{address}/r/nothing") == 1
        assert "no redirect to the shop" in capsys.readouterr().err
    assert play(webhook, SECRET, "--coupon", "ann") == 1
    assert "Connection refused" in capsys.readouterr().err
