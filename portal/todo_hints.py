"""What the to-do list of staff says beside some of its items (specification 10)."""

from django.db.models import Case, F, Value, When
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _
from django.utils.translation import ngettext

from agreements.models import Program
from portal.row_counts import Counts
from shops.models import Connection

# Of the shop connections in a hint.
MAX_NAMED = 5
# Of a rejected row, the connection that sent it; "" for none.
SENDER = Case(When(source__startswith=Connection.REJECT_SOURCE, then=F("source")), default=Value(""))


def describe_applications(_counts: Counts) -> str | Promise:
    # No one is approved once the end of the program was announced (specification 8).
    program = Program.find()
    is_ending = program is not None and program.end_announced_at is not None
    return _("to reject: the program is ending") if is_ending else _("to approve or reject")


def describe_rejects(counts: Counts) -> str | Promise:
    """Say how many of the rows each shop connection sent."""
    senders = [(-number, label) for label, number in counts.by_label.items() if label]
    parts = [f"{label.removeprefix(Connection.REJECT_SOURCE)} {-number}" for number, label in sorted(senders)]
    hint = _("to send again or dismiss")
    return f"{hint}; {', '.join(parts[:MAX_NAMED])}" if parts else hint


def describe_lost_clicks(counts: Counts) -> str:
    clicks = int(counts.amount)
    return ngettext(
        "%(clicks)s click was redirected in the last 7 days but not recorded",
        "%(clicks)s clicks were redirected in the last 7 days but not recorded",
        clicks,
    ) % {"clicks": f"{clicks:,}"}
