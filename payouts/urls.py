"""The addresses of an affiliate's money pages."""

from django.urls import path

from payouts.views import commissions, payouts, statements

app_name = "payouts"
urlpatterns = [
    path("commissions/", commissions.commissions, name="commissions"),
    path("commissions/<uuid:pk>/", commissions.order, name="order"),
    path("statements/", statements.index, name="statements"),
    path("statements/<uuid:pk>/", statements.page, name="statement"),
    path("statements/<uuid:pk>/statement.pdf", statements.as_pdf, name="statement_pdf"),
    path("statements/<uuid:pk>/statement.csv", statements.as_csv, name="statement_csv"),
    path("payouts/", payouts.index, name="payouts"),
    path("payout-details/", payouts.current_details, name="details"),
    path("payout-details/change/", payouts.change_details, name="change_details"),
]
