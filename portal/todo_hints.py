"""What the to-do list of staff says beside some of its items (specification 10)."""

from django.db.models import Count
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from agreements.models import Program
from portal.todo_counts import MAX_NAMED
from shops.models import Connection, Reject


def get_applications_hint() -> str | Promise:
    # No one is approved once the end of the program was announced (specification 8).
    is_ending = Program.objects.filter(end_announced_at__isnull=False).exists()
    return _("to reject: the program is ending") if is_ending else _("to approve or reject")


def get_rejects_hint() -> str | Promise:
    """Say how many of the rows each shop connection sent."""
    sent = Reject.objects.filter(state=Reject.State.OPEN, source__startswith=Connection.REJECT_SOURCE)
    counts = sent.values("source").annotate(number=Count("pk")).order_by("-number", "source")[:MAX_NAMED]
    parts = [f"{each['source'].removeprefix(Connection.REJECT_SOURCE)} {each['number']}" for each in counts]
    hint = _("to send again or dismiss")
    return f"{hint}; {', '.join(parts)}" if parts else hint
