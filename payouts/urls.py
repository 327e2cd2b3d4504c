"""URLs of commissions, statements, payouts and reports."""

from django.urls import path

from payouts.admin import reports as staff_reports
from payouts.views import commissions, payouts, reports, statements

app_name = "payouts"
urlpatterns = [
    path("commissions/", commissions.commissions, name="commissions"),
    path("commissions/csv/", commissions.commissions_csv, name="commissions_csv"),
    path("commissions/find/", commissions.find_order, name="find_order"),
    path("commissions/<uuid:pk>/", commissions.order, name="order"),
    path("statements/", statements.index, name="statements"),
    path("statements/period.csv", statements.download_period, name="statements_period"),
    path("statements/<uuid:pk>/", statements.detail, name="statement"),
    path("statements/<uuid:pk>/statement.pdf", statements.download_pdf, name="statement_pdf"),
    path("statements/<uuid:pk>/statement.csv", statements.download_csv, name="statement_csv"),
    path("payouts/", payouts.index, name="payouts"),
    path("payouts/period.csv", payouts.download_period, name="payouts_period"),
    path("reports/", reports.reports, name="reports"),
    path("reports/csv/", reports.reports_csv, name="reports_csv"),
    path("admin/reports/", staff_reports.reports_page, name="staff_reports"),
    path("admin/reports/csv/", staff_reports.reports_csv_page, name="staff_reports_csv"),
    path("payout-details/", payouts.current_details, name="details"),
    path("payout-details/<uuid:pk>/confirm/", payouts.confirm_details, name="confirm_details"),
    path("payout-details/change/", payouts.change_details, name="change_details"),
]
