"""URLs of staff pages about incoming orders."""

from django.urls import path

from shops.admin import categories, generic_paths

app_name = "shops"
urlpatterns = [
    path("admin/categories/", categories.categories_page, name="staff_categories"),
    path("admin/connections/<uuid:pk>/paths/", generic_paths.generic_paths_page, name="generic_paths"),
]
