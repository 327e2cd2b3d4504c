"""URLs of the orders API. `portal.api_urls` adds reports and the documentation."""

from django.urls import path, register_converter

from shops.api import views


class OrderIdConverter:
    """Any text, also one with a slash, a line break or nothing: the view answers an id that is not allowed."""

    regex = "(?s:.*)"

    def to_python(self, value: str) -> str:
        return value

    def to_url(self, value: str) -> str:
        return value


register_converter(OrderIdConverter, "order_id")

urlpatterns = [
    path("orders/batch", views.batch, name="api_batch"),
    path("orders/<order_id:order_id>", views.order, name="api_order"),
    path("<path:rest>", views.not_found),
]
