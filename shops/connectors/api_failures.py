"""Calls to shops' APIs that fail are noted until one of the same kind succeeds, and shown to staff (specification 11)."""

from datetime import datetime, timedelta
from typing import NamedTuple

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from lib.http_client import RequestFailed
from shops.connectors.active_connections import list_active_connections
from shops.models import ApiFailure, Connection

Call = ApiFailure.Call
# How long a failure lasts before it is on the staff home; shorter ones heal without help.
LASTS = timedelta(hours=1)
# When a failed search is repeated: with the next run of its task.
SEARCH_AGAIN = timedelta(minutes=10)
KEY_REFUSED, NOT_FOUND = (401, 403), 404


class Trouble(NamedTuple):
    """A failure as staff see it: what fails, why, what to do, and when it is tried again (None if it isn't)."""

    failure: ApiFailure
    advice: str | Promise
    next_attempt_at: datetime | None


def note_failure(connection: Connection, call: Call, error: Exception, *, now: datetime) -> None:
    """Note that a call failed; `since` stays that of the first failure in a row."""
    if isinstance(error, RequestFailed):
        cause, status = str(error), error.status
    else:
        cause, status = f"the answer could not be read ({type(error).__name__})", 0
    last = {"failed_at": now, "cause": cause, "status": status}
    ApiFailure.objects.update_or_create(
        connection=connection, call=call, defaults=last, create_defaults={**last, "since": now}
    )


def note_success(connection: Connection, call: Call) -> None:
    """Note that a call succeeded, which ends its failure."""
    ApiFailure.objects.filter(connection=connection, call=call).delete()


def list_troubles(connection: Connection) -> list[Trouble]:
    """Return the failures of a connection's API; none are shown once its key was removed."""
    failures = ApiFailure.objects.filter(connection=connection).exclude(connection__api_key="")
    return [Trouble(one, _choose_advice(one.status), _find_next_attempt(connection, one)) for one in failures]


def list_lasting(*, now: datetime) -> list[Connection]:
    """Return the active connections with a key whose API has failed for longer than `LASTS`."""
    return [
        one
        for one in list_active_connections()
        if one.api_key and one.failing_since is not None and one.failing_since <= now - LASTS
    ]


def _choose_advice(status: int) -> str | Promise:
    if status in KEY_REFUSED:
        return _(
            "Check in the shop that the key still exists and has the permissions of the guide, then enter it again."
        )
    if status == NOT_FOUND:
        return _("Check the address of the shop with “API key”.")
    return _("If it lasts, check that the address of the shop is right and that the shop lets Accord in.")


def _find_next_attempt(connection: Connection, failure: ApiFailure) -> datetime | None:
    if connection.state != Connection.State.ACTIVE:
        return None
    if failure.call == Call.SEARCH:
        return failure.failed_at + SEARCH_AGAIN
    waiting = connection.orders.filter(fetch_at__isnull=False).order_by("fetch_at")
    return waiting.values_list("fetch_at", flat=True).first()
