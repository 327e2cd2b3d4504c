"""A program with SENTRY_DSN whose view fails and whose log names a person, for `test_error_reports.py`."""

import logging
import os

import django

os.environ["DJANGO_SETTINGS_MODULE"] = "config.settings"
django.setup()

import sentry_sdk  # noqa: E402
from django.core.wsgi import get_wsgi_application  # noqa: E402
from django.db import OperationalError  # noqa: E402
from django.test import RequestFactory, override_settings  # noqa: E402
from django.urls import path  # noqa: E402


def fail(request, token):
    card = request.POST["card"]
    raise ValueError(f"{os.environ['TEXT']} {card}")


urlpatterns = [path("fail/<str:token>/", fail)]


def main() -> None:
    request = RequestFactory().post(
        "/fail/s3cret-path/?email=query@example.com",
        {"card": "s3cret-body"},
        HTTP_COOKIE="sessionid=s3cret-cookie",
        HTTP_AUTHORIZATION="Bearer s3cret-key",
        HTTP_X_FORWARDED_FOR="203.0.113.78",
        HTTP_X_REQUEST_ID="request-17",
        REMOTE_ADDR="203.0.113.79",
    )
    middleware = ["portal.monitoring.request_log.middleware"]
    with override_settings(ROOT_URLCONF="__main__", MIDDLEWARE=middleware, DEBUG=False, ALLOWED_HOSTS=["testserver"]):
        b"".join(get_wsgi_application()(request.environ, lambda *_: print))
    logging.getLogger("accord.test").error("No e-mail for %s", "bob@example.com")
    logging.getLogger("accord.test").error("Valkey is away: %s", OperationalError("not reported"))
    sentry_sdk.flush(10)


if __name__ == "__main__":
    main()
