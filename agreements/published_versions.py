"""The published versions of the agreement, a handful of rows that almost every page needs."""

from datetime import datetime

from agreements.models import AgreementVersion
from lib.request_values import read_once


@read_once
def list_published_versions() -> list[AgreementVersion]:
    """Return all published versions in order of effect."""
    return list(AgreementVersion.objects.published().order_by("effective_at", "number"))


def find_version_in_force(at: datetime) -> AgreementVersion | None:
    """Return the version in force at `at`, or None before the first."""
    in_effect = [one for one in list_published_versions() if one.effective_at and one.effective_at <= at]
    return in_effect[-1] if in_effect else None


def find_upcoming_version(at: datetime) -> AgreementVersion | None:
    """Return the first version that takes effect after `at`, or None."""
    return next((one for one in list_published_versions() if one.effective_at and one.effective_at > at), None)
