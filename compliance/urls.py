"""URLs of reviews, the public abuse report form and the backtest page."""

from django.urls import path

from compliance import views
from compliance.admin import backtest

app_name = "compliance"
urlpatterns = [
    path("reviews/", views.review_list, name="reviews"),
    path("reviews/<uuid:pk>/", views.review, name="review"),
    path("reviews/<uuid:pk>/reply/", views.reply, name="reply"),
    path("reviews/<uuid:pk>/answer/", views.answer, name="answer"),
    path("reviews/<uuid:pk>/appeal/", views.appeal, name="appeal"),
    path("reviews/<uuid:pk>/files/<uuid:file_pk>/", views.review_file, name="review_file"),
    path("admin/backtest/<uuid:pk>/", backtest.backtest_page, name="backtest"),
    path("report-abuse/", views.report_abuse, name="report_abuse"),
]
