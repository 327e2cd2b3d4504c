"""The declined versions in the admin: who leaves when, read-only."""

from django.contrib import admin

from agreements.models import Decline
from lib.admin.bases import ReadOnlyAdmin


@admin.register(Decline)
class DeclineAdmin(ReadOnlyAdmin):
    list_display = ("affiliate", "agreement", "declined_at", "takes_effect_at", "state", "ended_at")
    list_filter = ("state", "agreement")
    search_fields = ("affiliate__code", "affiliate__name")
    list_select_related = ("affiliate", "agreement")
