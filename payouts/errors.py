"""Exceptions of the payouts app."""

from collections.abc import Sequence

from django.core.exceptions import ValidationError


class SecondApprovalRequired(ValidationError):
    """The person who submitted or proposed something may not approve it (specification 6 and 7)."""


class ApprovalVoided(ValidationError):
    """The payouts differ from what was approved, so the approval is void (specification 6)."""


class BadRows(Exception):
    """An import file was rejected as a whole; `problems` describe the bad rows, each with its line number."""

    def __init__(self, problems: Sequence[object]) -> None:
        super().__init__(f"{len(problems)} bad rows")
        self.problems = list(problems)
