"""URLs of the orders API and its documentation."""

from django.urls import path

from shops.api import pages, views

urlpatterns = [
    path("", pages.reference, name="api_reference"),
    path("openapi.json", pages.openapi, name="api_openapi"),
    path("orders/batch", views.batch, name="api_batch"),
    path("orders/<str:order_id>", views.order, name="api_order"),
    path("<path:rest>", views.not_found),
]
