"""URLs of the redirect, and of those pages of links that don't show earnings (`payouts.link_urls` has the others)."""

from django.urls import path, re_path

from tracking.views import builder, bulk, links
from tracking.views.follow import follow

app_name = "tracking"
urlpatterns = [
    re_path(r"^r/(?P<code>.*)$", follow, name="follow"),
    path("links/new/", links.create_link, name="link_new"),
    path("links/build/", builder.build_deep_link, name="link_builder"),
    path("links/bulk/", bulk.create_links, name="links_bulk"),
    path("links/bulk/created/", bulk.show_created, name="links_created"),
    path("links/bulk/created.csv", bulk.download_created, name="links_created_csv"),
    path("links/<uuid:pk>/pause/", links.pause_link, name="link_pause"),
    path("links/<uuid:pk>/resume/", links.resume_link, name="link_resume"),
    path("links/<uuid:pk>/archive/", links.archive_link, name="link_archive"),
    path("links/<uuid:pk>/restore/", links.restore_link, name="link_restore"),
    path("links/<uuid:pk>/qr.svg", links.show_qr_code, {"kind": "svg"}, name="link_qr_svg"),
    path("links/<uuid:pk>/qr.png", links.show_qr_code, {"kind": "png"}, name="link_qr_png"),
]
