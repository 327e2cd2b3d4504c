"""The program's one currency."""

from agreements.models import Agreement


def program_currency() -> str:
    """The ISO code that every version of the agreement names (CONTRACT 2); the default before the first is published."""
    code = Agreement.objects.published().order_by("number").values_list("currency", flat=True).first()
    return code or Agreement().currency
