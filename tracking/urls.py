"""Where the pages of links and reports are, and the links themselves."""

from django.urls import re_path

from tracking.views.follow import follow

app_name = "tracking"
urlpatterns = [
    re_path(r"^r/(?P<code>.*)$", follow, name="follow"),
]
