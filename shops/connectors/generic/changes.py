"""Staff's changes to the options of a generic connection, each with an audit record (specification 9, 11)."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.errors import NotAllowed
from lib.reasons import require_reason
from shops.models import Connection


@transaction.atomic
def change_options(
    *, connection: Connection, options: Mapping[str, Any], reason: str, now: datetime, by: User | None
) -> None:
    """Save the options; they apply to events that are processed from now on, and to those processed again.

    `options["revision"]` must be one more than that of the options which staff saw. Raises NotAllowed if it is not.
    """
    require_reason(reason)
    locked = Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    if locked.state == Connection.State.DELETED:
        raise NotAllowed(_("The connection was deleted."))
    if options["revision"] != locked.options.get("revision", 0) + 1:
        raise NotAllowed(_("The paths were changed by another person in the meantime. Load the page again."))
    before = dict(locked.options)
    locked.options = before | dict(options)
    locked.save(update_fields=["options"])
    trail.record(
        action="shop connection changed", subject=locked, now=now, by=by, before={"options": before},
        after={"options": locked.options}, reason=require_reason(reason),
    )  # fmt: skip
