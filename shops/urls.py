"""URLs of staff pages about incoming orders."""

from django.urls import path

from shops.admin import categories

app_name = "shops"
urlpatterns = [path("admin/categories/", categories.categories_page, name="staff_categories")]
