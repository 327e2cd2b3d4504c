"""URLs of the API: reports, the orders API, and one documentation of both."""

from django.urls import include, path

from portal.csv_reports import api
from shops.api import pages
from shops.api.document import OPERATIONS

ALL_OPERATIONS = (*OPERATIONS, api.OPERATION)
_DOCUMENTED = {"operations": ALL_OPERATIONS}

urlpatterns = [
    path("", pages.reference, _DOCUMENTED, name="api_reference"),
    path("openapi.json", pages.openapi, _DOCUMENTED, name="api_openapi"),
    path("reports/<str:name>.csv", api.report, name="api_report"),
    path("", include("shops.api.urls")),
]
