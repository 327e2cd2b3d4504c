"""What the money room refuses by name."""

from django.core.exceptions import ValidationError


class NeedsAnotherPerson(ValidationError):
    """Whoever submitted or proposed may not approve (CONTRACT 6 and 7)."""


class ApprovalVoided(ValidationError):
    """What was approved is not what would be paid now: the approval no longer counts (CONTRACT 6)."""
