"""URLs of staff pages about incoming orders, and of accord.js."""

from django.urls import path, re_path

from shops.admin import categories, generic_paths, landing_check
from shops.views import landing_script

app_name = "shops"
urlpatterns = [
    path("admin/categories/", categories.categories_page, name="staff_categories"),
    path("admin/connections/<uuid:pk>/paths/", generic_paths.generic_paths_page, name="generic_paths"),
    path("admin/landing-check/", landing_check.landing_check_page, name="landing_check"),
    path("admin/landing-check/events/", landing_check.landing_check_events_page, name="landing_check_events"),
    re_path(r"^accord(?:-[0-9a-f]{8,64})?\.js$", landing_script.serve, name="script"),
]
