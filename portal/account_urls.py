"""The addresses of django-allauth, each in one transaction: a change, its e-mails and its consequences."""

from collections.abc import Callable, Sequence

import allauth.urls
from django.db import transaction
from django.http import HttpResponseBase
from django.urls import URLPattern, URLResolver, register_converter
from django.urls.resolvers import RoutePattern

from accounts.authentication import require_reauthentication
from lib.ids import CountedIdConverter

View = Callable[..., HttpResponseBase]
# django-allauth lets a session without a password set one without further ado.
REAUTHENTICATED = ("account_set_password",)
register_converter(CountedIdConverter, "passkey_id")


def _wrap(entries: Sequence[URLPattern | URLResolver]) -> list[URLPattern | URLResolver]:
    return [_wrap_pattern(entry) if isinstance(entry, URLPattern) else _wrap_resolver(entry) for entry in entries]


def _wrap_pattern(entry: URLPattern) -> URLPattern:
    view: View = transaction.atomic(entry.callback)
    if entry.name in REAUTHENTICATED:
        view = require_reauthentication(view)  # type: ignore[arg-type]  # the views return an HttpResponse
    return URLPattern(entry.pattern, view, entry.default_args, entry.name)


def _wrap_resolver(entry: URLResolver) -> URLResolver:
    pattern = RoutePattern("keys/<passkey_id:pk>/") if str(entry.pattern) == "keys/<int:pk>/" else entry.pattern
    return URLResolver(pattern, _wrap(entry.url_patterns), entry.default_kwargs, entry.app_name, entry.namespace)


urlpatterns = _wrap(allauth.urls.urlpatterns)
