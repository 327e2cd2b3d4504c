"""The daily list of what waits, to each member of staff by their rights (CONTRACT 10)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.periods import get_program_time_zone
from mail import outbox
from portal import staff_home

# The list is for the morning: by the program's clocks, not before this hour.
EARLIEST_HOUR = 7


def post_daily_lists(*, now: datetime, zone: ZoneInfo | None = None) -> int:
    """Post today's list to all staff for whom something waits; asked again on the same day it posts nothing new.

    Returns for how many people there was a list.
    """
    local = now.astimezone(zone or get_program_time_zone())
    if local.hour < EARLIEST_HOUR:
        return 0
    told = 0
    for user in User.objects.filter(is_staff=True, is_active=True).order_by("email"):
        waiting = [item for item in staff_home.list_todo_items(user, now) if item.count]
        if waiting:
            outbox.queue_email(
                kind="staff_daily_list",
                to=user.email,
                key=f"staff_daily_list:{local:%Y-%m-%d}:{user.pk}",
                context={
                    "name": str(user),
                    "items": [_format_item(item) for item in waiting],
                    "url": reverse("admin:index"),
                },
            )
            told += 1
    return told


def _format_item(item: staff_home.Item) -> str:
    text = f"{item.label}: {item.count}"
    return _("%(item)s (late, or nearly so)") % {"item": text} if item.is_late else text
