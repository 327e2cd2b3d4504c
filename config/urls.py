"""The root URL configuration."""

from django.conf import settings
from django.contrib import admin
from django.urls import include, path

urlpatterns = [
    # First, because programs send many requests a second.
    path("api/v1/", include("portal.api_urls")),
    path("hooks/", include("shops.hook_urls")),
    path("", include("portal.urls")),
    path("", include("affiliates.urls")),
    path("agreement/", include("agreements.urls")),
    path("", include("payouts.link_urls")),
    path("", include("payouts.urls")),
    path("", include("shops.urls")),
    path("", include("compliance.urls")),
    path("", include("creatives.urls")),
    path("", include("messaging.urls")),
    path("accounts/", include("portal.account_urls")),
    path("admin/", admin.site.urls),
]

if settings.SHOW_SENT_MAIL:
    urlpatterns += [
        path("dev/mail/gallery/", include("portal.mail_gallery.pages")),
        path("dev/mail/", include("mail.dev_pages")),
    ]

if settings.SHOW_COMPONENTS:
    urlpatterns.append(path("dev/components/", include("portal.dev_components")))

handler500 = "portal.middleware.server_error"
