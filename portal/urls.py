"""Public pages and the pages of an affiliate's account."""

from django.urls import path
from django.views.generic import RedirectView

from portal.admin import csv_reports
from portal.views import account, agreement, confirmation, home, public, unsubscribe, well_known

app_name = "portal"
urlpatterns = [
    path("", public.landing, name="landing"),
    path("robots.txt", well_known.robots, name="robots"),
    path("favicon.ico", well_known.favicon, name="favicon"),
    path(".well-known/security.txt", well_known.security, name="security_contact"),
    path("apply/", public.apply, name="apply"),
    path("invitation/<str:token>/", public.follow_invitation, name="invitation"),
    path("go/", public.redirect_after_sign_in, name="after_sign_in"),
    # Accounts are created by applying only.
    path("accounts/signup/", RedirectView.as_view(pattern_name="portal:apply")),
    # Before the addresses of django-allauth, which take "resend" for the key of a confirmation.
    path("accounts/confirm-email/resend/", confirmation.resend, name="resend_confirmation"),
    path("home/", home.home, name="home"),
    path("admin/csv-reports/", csv_reports.download_page, name="csv_reports"),
    path("profile/", account.profile, name="profile"),
    path("profile/notifications/", account.notifications, name="notifications"),
    path("unsubscribe/<str:token>/", unsubscribe.unsubscribe, name="unsubscribe"),
    path("profile/security/", account.security, name="security"),
    path("profile/data/", account.my_data, name="my_data"),
    path("profile/data/download/", account.download_data, name="download_data"),
    path("profile/data/erase/", account.request_erasure, name="request_erasure"),
    path("profile/data/keep/", account.withdraw_erasure, name="withdraw_erasure"),
    path("profile/leave/", account.leave, name="leave"),
    path("profile/leave/take-back/", account.take_back_leaving, name="take_back_leaving"),
    path("agreement/mine/", agreement.overview, name="agreement"),
    path("agreement/mine/<uuid:pk>/evidence.zip", agreement.evidence, name="agreement_evidence"),
    path("agreement/versions/<uuid:pk>/accept/", agreement.accept, name="agreement_accept"),
    path("agreement/versions/<uuid:pk>/decline/", agreement.decline, name="agreement_decline"),
    path(
        "agreement/versions/<uuid:pk>/decline/take-back/",
        agreement.take_back_decline,
        name="agreement_take_back_decline",
    ),
]
