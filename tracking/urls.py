"""URLs of the link pages and of the redirect."""

from django.urls import path, re_path

from tracking.views import links
from tracking.views.follow import follow

app_name = "tracking"
urlpatterns = [
    re_path(r"^r/(?P<code>.*)$", follow, name="follow"),
    path("links/", links.list_links, name="links"),
    path("links/new/", links.create_link, name="link_new"),
    path("links/<uuid:pk>/", links.show_link, name="link"),
    path("links/<uuid:pk>/pause/", links.pause_link, name="link_pause"),
    path("links/<uuid:pk>/resume/", links.resume_link, name="link_resume"),
    path("links/<uuid:pk>/qr.svg", links.show_qr_code, {"kind": "svg"}, name="link_qr_svg"),
    path("links/<uuid:pk>/qr.png", links.show_qr_code, {"kind": "png"}, name="link_qr_png"),
]
