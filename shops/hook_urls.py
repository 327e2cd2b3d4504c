"""URLs of webhooks."""

from django.urls import path

from shops.views import hooks

urlpatterns = [
    path("<uuid:pk>", hooks.receive, name="hook"),
    path("<uuid:pk>/", hooks.receive),
    path("<path:rest>", hooks.not_found),
]
