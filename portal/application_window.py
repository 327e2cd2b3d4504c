"""Whether the program takes applications (CONTRACT 8: its announced end closes them)."""

from datetime import datetime

from agreements.models import AgreementVersion, Program


def is_open_for_applications(*, now: datetime) -> bool:
    """Whether a version is in force at `now` and no end of the program was announced."""
    if Program.objects.filter(end_announced_at__isnull=False, end_announced_at__lte=now).exists():
        return False
    return AgreementVersion.objects.get_in_force(now) is not None
