"""What the money room refuses by name."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError


class SecondApprovalRequired(ValidationError):
    """Whoever submitted or proposed may not approve (CONTRACT 6 and 7)."""


class ApprovalVoided(ValidationError):
    """What was approved is not what would be paid now: the approval no longer counts (CONTRACT 6)."""


class BadRows(Exception):
    """A file to import of which nothing is stored, because of the problems named, each with its line."""

    def __init__(self, problems: Sequence[object]) -> None:
        super().__init__(f"{len(problems)} bad rows")
        self.problems = list(problems)
