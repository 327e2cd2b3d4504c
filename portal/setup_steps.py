"""What a new program needs before its first order: shown by `manage.py setup`, the staff home and the landing page."""

import sys
from collections.abc import Callable
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from allauth.mfa.models import Authenticator
from django.conf import settings
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from accounts.authentication import SECOND_FACTORS
from accounts.models import ApiKey, User
from agreements.models import AgreementVersion, Program
from shops.models import Connection
from tracking.links.addresses import get_shop_hosts

StrOrPromise = str | Promise
# How to call the Python of this installation from its directory.
PYTHON = ".venv/bin/python" if Path(sys.prefix) == settings.BASE_DIR / ".venv" else "python"


class Step(NamedTuple):
    """A step in the order in which to take them; `command` follows `manage.py`, and `page` is the name of a URL."""

    title: StrOrPromise
    explanation: StrOrPromise
    command: str
    page: str
    is_done: Callable[[datetime], bool]


class SetupStep(NamedTuple):
    """A step and whether it is done."""

    title: str
    explanation: str
    command: str
    page: str
    is_done: bool


def _has_owner(_now: datetime) -> bool:
    return User.objects.filter(is_superuser=True, is_active=True).exists()


def _has_second_factor(_now: datetime) -> bool:
    owners = Authenticator.objects.filter(user__is_superuser=True, user__is_active=True, type__in=SECOND_FACTORS)
    return owners.exists() or not settings.STAFF_MFA_REQUIRED


def _has_shop_hosts(_now: datetime) -> bool:
    return bool(get_shop_hosts(Program.objects.filter(pk=1).first() or Program()))


def _has_agreement(now: datetime) -> bool:
    return AgreementVersion.objects.get_in_force(now) is not None


def _has_source_of_orders(_now: datetime) -> bool:
    return ApiKey.objects.filter(revoked_at=None).exists() or Connection.objects.exists()


def _is_open(_now: datetime) -> bool:
    return Program.objects.filter(opened_at__isnull=False).exists()


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


def list_setup_steps(now: datetime) -> list[SetupStep]:
    """Return all steps with their state."""
    return [
        SetupStep(
            str(step.title),
            str(step.explanation),
            f"{PYTHON} manage.py {step.command}" if step.command else "",
            step.page,
            step.is_done(now),
        )
        for step in STEPS
    ]


def list_missing_steps(now: datetime) -> list[SetupStep]:
    """Return the steps that are not done."""
    return [step for step in list_setup_steps(now) if not step.is_done]
