"""The daily to-do list that staff get by e-mail, each by their permissions (specification 10)."""

from datetime import datetime
from zoneinfo import ZoneInfo

from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from agreements.periods import get_program_time_zone
from mail import outbox
from portal import staff_home

# The list is sent in the morning: not before this hour in the program's time zone.
EARLIEST_HOUR = 7


def post_daily_lists(*, now: datetime, zone: ZoneInfo | None = None) -> int:
    """Queue today's list for every member of staff who has something to do, once a day.

    Return the number of people who have a list.
    """
    local = now.astimezone(zone or get_program_time_zone())
    if local.hour < EARLIEST_HOUR:
        return 0
    recipients = 0
    for user in User.objects.filter(is_staff=True, is_active=True).order_by("email"):
        todo = [item for item in staff_home.list_todo_items(user, now) if item.count]
        if todo:
            outbox.queue_email(
                kind="staff_daily_list",
                to=user.email,
                key=f"staff_daily_list:{local:%Y-%m-%d}:{user.pk}",
                context={
                    "name": str(user),
                    "items": [_format_item(item) for item in todo],
                    "url": reverse("admin:index"),
                },
                language="",
            )
            recipients += 1
    return recipients


def _format_item(item: staff_home.Item) -> str:
    text = f"{item.label}: {item.count}"
    return _("%(item)s (due soon or overdue)") % {"item": text} if item.is_late else text
