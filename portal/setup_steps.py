"""What a new program needs before its first order: shown by `manage.py setup`, the staff home and the landing page."""

import sys
from collections.abc import Callable, Hashable, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.authentication import SECOND_FACTORS
from accounts.models import ApiKey, User
from agreements.models import Program
from agreements.published_versions import find_version_in_force
from portal.row_counts import CountedRows, Counts, count_together
from shops.models import Connection
from tracking.links.addresses import get_current_shop_hosts

StrOrPromise = str | Promise
RowCounts = Mapping[Hashable, Counts]
# How to call the Python of this installation from its directory.
PYTHON = ".venv/bin/python" if Path(sys.prefix) == settings.BASE_DIR / ".venv" else "python"


class Step(NamedTuple):
    """A step in the order in which to take them; `command` follows `manage.py`, and `page` is the name of a URL."""

    title: StrOrPromise
    explanation: StrOrPromise
    command: str
    page: str
    is_done: Callable[[datetime, RowCounts], bool]


class SetupStep(NamedTuple):
    """A step and whether it is done."""

    title: str
    explanation: str
    command: str
    page: str
    is_done: bool


def list_rows() -> dict[Hashable, CountedRows]:
    """Return the rows that some steps create."""
    owned = {"user__is_superuser": True, "user__is_active": True}
    return {
        User: CountedRows(User.objects.filter(is_superuser=True, is_active=True)),
        Authenticator: CountedRows(Authenticator.objects.filter(**owned, type__in=SECOND_FACTORS)),
        ApiKey: CountedRows(ApiKey.objects.filter(revoked_at=None)),
        Connection: CountedRows(Connection.objects.all()),
    }


def _has_owner(_now: datetime, counts: RowCounts) -> bool:
    return counts[User].number > 0


def _has_second_factor(_now: datetime, counts: RowCounts) -> bool:
    return counts[Authenticator].number > 0 or not settings.STAFF_MFA_REQUIRED


def _has_shop_hosts(_now: datetime, _counts: RowCounts) -> bool:
    return bool(get_current_shop_hosts())


def _has_agreement(now: datetime, _counts: RowCounts) -> bool:
    return find_version_in_force(now) is not None


def _has_source_of_orders(_now: datetime, counts: RowCounts) -> bool:
    return counts[ApiKey].number > 0 or counts[Connection].number > 0


def _is_open(_now: datetime, _counts: RowCounts) -> bool:
    program = Program.find()
    return program is not None and program.opened_at is not None


STEPS = (
    Step(
        _("Create the first staff account"),
        _("Then sign in to open the admin."),
        "setup",
        "account_login",
        _has_owner,
    ),
    Step(
        _("Add a second factor"),
        _("Sign in as staff and add a passkey or an authenticator app."),
        "",
        "mfa_index",
        _has_second_factor,
    ),
    Step(
        _("Enter the shop's hosts"),
        _("Tracking links may lead to these hosts only, so without them no affiliate can create a link."),
        "setup",
        "admin:agreements_program_changelist",
        _has_shop_hosts,
    ),
    Step(
        _("Publish the first agreement"),
        _("Publish the example agreement with an effective date, or draft your own. The example is not legal advice."),
        "seed_agreement --effective YYYY-MM-DD",
        "admin:agreements_agreementversion_changelist",
        _has_agreement,
    ),
    Step(
        _("Connect the shop"),
        _("Connect it in the admin, or create a key for the orders API."),
        "create_api_key shop",
        "admin:shops_connection_changelist",
        _has_source_of_orders,
    ),
    Step(
        _("Open the program"),
        _(
            "Do this as soon as earlier orders are loaded. Commissions count before it; from then on, months are closed "
            "and sales targets are checked automatically."
        ),
        "open_program",
        "admin:agreements_program_changelist",
        _is_open,
    ),
)


def list_setup_steps(now: datetime, counts: RowCounts | None = None) -> list[SetupStep]:
    """Return all steps with their state; `counts` are those of `list_rows`, if they were read already."""
    counts = counts or count_together(list_rows())
    return [
        SetupStep(
            str(step.title),
            str(step.explanation),
            f"{PYTHON} manage.py {step.command}" if step.command else "",
            step.page,
            step.is_done(now, counts),
        )
        for step in STEPS
    ]


def list_missing_steps(now: datetime, counts: RowCounts | None = None) -> list[SetupStep]:
    """Return the steps that are not done."""
    return [step for step in list_setup_steps(now, counts) if not step.is_done]
