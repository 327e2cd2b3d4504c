"""What the frame of a page shows: who reads it, the agreement in force, and what waits. Each is asked once a request."""

from contextvars import ContextVar
from datetime import datetime
from functools import cached_property
from uuid import UUID

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone

from affiliates.access import get_affiliate
from affiliates.models import Affiliate
from agreements import acceptance_requests
from agreements.applicable_version import (
    ApplicableVersion,
    PublishedVersion,
    get_acceptance_times,
    resolve_applicable_version,
)
from agreements.models import AgreementVersion, Program
from portal import navigation


class Frame:
    """The frame around the answer to one request; nothing is read before a template asks for it."""

    program_name: str = settings.PROGRAM_NAME

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.now: datetime = timezone.now()

    @cached_property
    def affiliate(self) -> Affiliate | None:
        return get_affiliate(self.request) if hasattr(self.request, "user") else None

    @cached_property
    def versions(self) -> list[AgreementVersion]:
        """All published versions, in order of effect: a handful of rows."""
        return list(AgreementVersion.objects.published().order_by("effective_at", "number"))

    @cached_property
    def agreement(self) -> AgreementVersion | None:
        """The version in force now."""
        in_effect = [version for version in self.versions if version.effective_at and version.effective_at <= self.now]
        return in_effect[-1] if in_effect else None

    @cached_property
    def currency(self) -> str:
        """The program's currency, the same in every version (CONTRACT 2); "" before the first."""
        return self.versions[0].currency if self.versions else ""

    @cached_property
    def program(self) -> Program | None:
        return Program.objects.filter(pk=1).first()

    @cached_property
    def acceptances(self) -> dict[UUID, datetime]:
        """When the affiliate who reads accepted each version."""
        return get_acceptance_times([self.affiliate.pk]).get(self.affiliate.pk, {}) if self.affiliate else {}

    @cached_property
    def applicability(self) -> ApplicableVersion:
        """The version that the affiliate who reads is under, and since when they are paused (CONTRACT 2)."""
        rows = [PublishedVersion(v.pk, v.effective_at, v.detriment) for v in self.versions if v.effective_at]
        return resolve_applicable_version(rows, self.acceptances, self.now)

    @cached_property
    def applicable_version(self) -> AgreementVersion | None:
        """The version that the affiliate who reads is under."""
        return next((version for version in self.versions if version.pk == self.applicability.agreement_id), None)

    @cached_property
    def version_to_accept(self) -> AgreementVersion | None:
        """The first version that the affiliate who reads is asked to accept: what `asking.asked` says, from rows at hand."""
        if self.affiliate is None:
            return None
        waiting = acceptance_requests.select_requested_versions(
            self.versions, self.acceptances, state=self.affiliate.state, at=self.now
        )
        return waiting[0] if waiting else None

    @cached_property
    def zone(self) -> str:
        """The reader's zone: the affiliate's own, else the program's, else that of the installation."""
        if self.affiliate is not None:
            return self.affiliate.time_zone
        return self.versions[0].time_zone if self.versions else settings.TIME_ZONE

    @cached_property
    def language(self) -> str:
        """What the affiliate who reads chose for their pages; "" for none, and where there is nothing to choose."""
        offered = dict(settings.LANGUAGES)
        chosen = self.affiliate.language if len(offered) > 1 and self.affiliate else ""
        return chosen if chosen in offered else ""

    @cached_property
    def menu(self) -> list[navigation.Group]:
        return navigation.build_menu(self)


current_frame: ContextVar[Frame | None] = ContextVar("frame", default=None)


def get_frame(request: HttpRequest) -> Frame:
    """The frame of `request`, made on first need."""
    frame = current_frame.get()
    return frame if frame is not None and frame.request is request else Frame(request)
