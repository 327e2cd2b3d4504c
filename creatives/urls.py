"""URLs of the affiliates' creatives, and of the images that their channels show."""

from django.urls import path

from creatives import views

app_name = "creatives"
urlpatterns = [
    path("creatives/", views.list_creatives, name="creatives"),
    # Answered before sessions and languages, by its prefix in `portal.middleware`.
    path("creatives/images/<uuid:pk>", views.show_image, name="image"),
    path("creatives/<uuid:pk>/", views.show_creative, name="creative"),
    path("creatives/<uuid:pk>/link/", views.create_link, name="link"),
]
