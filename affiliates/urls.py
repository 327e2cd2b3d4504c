from django.urls import path

from affiliates import views

app_name = "affiliates"
urlpatterns = [
    path("channels/", views.manage_channels, name="channels"),
    path("channels/<uuid:pk>/remove/", views.remove_channel, name="channel_remove"),
]
