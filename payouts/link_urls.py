"""URLs of the pages of links, under the names of `tracking`.

The list and the page of a link show what links earned, which `tracking` doesn't know.
"""

from django.urls import path

from payouts.views import links
from tracking import urls

app_name = urls.app_name
urlpatterns = [
    *urls.urlpatterns,
    path("links/", links.list_links, name="links"),
    path("links/links.csv", links.download_links, name="links_csv"),
    path("links/<uuid:pk>/", links.show_link, name="link"),
]
