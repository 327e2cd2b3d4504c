"""Fill an empty shop: a small catalogue, a country to ship to, and an account for its dashboard."""

from decimal import Decimal
from typing import Any

from django.contrib.auth import get_user_model
from django.contrib.sites.models import Site
from django.core.management import BaseCommand, call_command
from django.db import transaction
from oscar.core.loading import get_model

EMAIL, PASSWORD = "shopkeeper@example.com", "shopkeeper"
# Category, title, price.
PRODUCTS = (
    ("Kitchen", "Enamel teapot", "24.90"),
    ("Kitchen", "Set of four mugs", "18.00"),
    ("Kitchen", "Bread knife", "12.50"),
    ("Garden", "Watering can", "21.40"),
    ("Garden", "Seed mix for bees", "4.80"),
    ("Toys", "Wooden train", "33.00"),
)


class Command(BaseCommand):
    help = __doc__

    def handle(self, *args: Any, **options: Any) -> None:
        call_command("migrate", run_syncdb=True, verbosity=0)
        if not get_model("catalogue", "Product").objects.exists():
            fill()
        self.stdout.write(f"{EMAIL} {PASSWORD}")


@transaction.atomic
def fill() -> None:
    """Create everything that a purchase needs."""
    Site.objects.update(domain="localhost", name="Corner shop")
    get_model("address", "Country").objects.create(
        iso_3166_1_a2="US", iso_3166_1_a3="USA", iso_3166_1_numeric="840", name="United States of America",
        printable_name="United States of America", is_shipping_country=True,
    )  # fmt: skip
    get_model("order", "PaymentEventType").objects.create(name="Refund", code="refund")
    get_user_model().objects.create_superuser("shopkeeper", EMAIL, PASSWORD)
    partner = get_model("partner", "Partner").objects.create(name="Corner shop", code="corner-shop")
    product_class = get_model("catalogue", "ProductClass").objects.create(name="Goods", requires_shipping=True)
    categories: dict[str, Any] = {}
    for number, (category, title, price) in enumerate(PRODUCTS, 1):
        if category not in categories:
            categories[category] = get_model("catalogue", "Category").add_root(name=category)
        product = get_model("catalogue", "Product").objects.create(
            title=title, product_class=product_class, upc=f"CS-{number:03d}"
        )
        get_model("catalogue", "ProductCategory").objects.create(product=product, category=categories[category])
        get_model("partner", "StockRecord").objects.create(
            product=product, partner=partner, partner_sku=f"CS-{number:03d}", price=Decimal(price),
            price_currency="USD", num_in_stock=1_000,
        )  # fmt: skip
