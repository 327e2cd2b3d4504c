"""The audit trail as this room sees it: `audit` stands above `accounts`, so it offers itself here when it is ready."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Protocol

from django.db import models

from accounts.models.user import User


class Recorder(Protocol):
    def __call__(
        self,
        *,
        action: str,
        subject: models.Model,
        now: datetime,
        by: User | None,
        before: Mapping[str, Any] | None = None,
        after: Mapping[str, Any] | None = None,
        reason: str = "",
    ) -> object: ...


_recorders: list[Recorder] = []


def register(recorder: Recorder) -> None:
    """Offer the one that writes the audit trail; called by the audit room's AppConfig."""
    _recorders[:] = [recorder]


def record(
    *,
    action: str,
    subject: models.Model,
    now: datetime,
    by: User | None,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    reason: str = "",
) -> None:
    """Write one audit record in the caller's transaction (CONTRACT 9); a change that can't be recorded isn't made."""
    (recorder,) = _recorders
    recorder(action=action, subject=subject, now=now, by=by, before=before, after=after, reason=reason)
