"""URLs of notifications, announcements and conversations of an affiliate."""

from django.urls import path

from messaging import views

app_name = "messaging"
urlpatterns = [
    path("notifications/", views.notification_list, name="notifications"),
    path("notifications/read-all/", views.mark_all_read, name="mark_all_read"),
    path("notifications/<uuid:pk>/", views.notification, name="notification"),
    path("announcements/<uuid:pk>/", views.announcement, name="announcement"),
    path("messages/", views.conversation_list, name="conversations"),
    path("messages/new/", views.new_conversation, name="new_conversation"),
    path("messages/<uuid:pk>/", views.conversation, name="conversation"),
]
