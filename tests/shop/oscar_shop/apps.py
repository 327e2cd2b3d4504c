"""The shop's own app: it keeps the click of a visit with the order, and sends the events of orders."""

from django.apps import AppConfig


class ShopConfig(AppConfig):
    name = "oscar_shop"

    def ready(self) -> None:
        from oscar_shop import clicks, events

        clicks.connect()
        events.connect()
