"""Data of the frame around every page: its reader, the agreement in force, the menu; each read once a request."""

from contextvars import ContextVar
from datetime import datetime
from functools import cached_property
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, OuterRef, Q
from django.http import HttpRequest
from django.utils import timezone

from affiliates.access import get_affiliate
from affiliates.models import Affiliate
from agreements import acceptance_requests, declines
from agreements.applicable_version import (
    ApplicableVersion,
    PublishedVersion,
    read_acceptance_times,
    resolve_applicable_version,
)
from agreements.models import AgreementVersion, Decline, Program
from agreements.published_versions import list_published_versions
from compliance.models import Review
from messaging import notifications
from portal import navigation

CONTACT_SETTINGS = ("CONTACT_EMAIL", "CONTACT_URL", "IMPRINT_URL", "PRIVACY_URL")


class Frame:
    """The frame of one request's page; nothing is read before a template uses it."""

    program_name: str = settings.PROGRAM_NAME

    def __init__(self, request: HttpRequest) -> None:
        self.request = request
        self.now: datetime = timezone.now()

    @property
    def contact(self) -> dict[str, str]:
        """Return how to reach the program, and its legal pages, by the name of the setting; "" where none is set."""
        return {name: getattr(settings, name) for name in CONTACT_SETTINGS}

    @cached_property
    def affiliate(self) -> Affiliate | None:
        return get_affiliate(self.request) if hasattr(self.request, "user") else None

    @cached_property
    def versions(self) -> list[AgreementVersion]:
        """Return all published versions in order of effect: a handful of rows."""
        return list_published_versions()

    @cached_property
    def agreement(self) -> AgreementVersion | None:
        """Return the version in force now."""
        in_effect = [version for version in self.versions if version.effective_at and version.effective_at <= self.now]
        return in_effect[-1] if in_effect else None

    @cached_property
    def currency(self) -> str:
        """Return the program's currency, the same in every version (specification 2); "" before the first version."""
        return self.versions[0].currency if self.versions else ""

    @cached_property
    def program(self) -> Program | None:
        return Program.find()

    @property
    def shop(self) -> str:
        """Return the host of the shop whose program this is, for pages that strangers read; "" if none is set."""
        return urlsplit(self.program.shop_url).netloc if self.program else ""

    @cached_property
    def acceptances(self) -> dict[UUID, datetime]:
        """Return when the signed-in affiliate accepted each version."""
        return read_acceptance_times(self.affiliate.pk) if self.affiliate else {}

    @cached_property
    def applicability(self) -> ApplicableVersion:
        """Return which version applies to the signed-in affiliate, and since when they are paused (specification 2)."""
        rows = [PublishedVersion(v.pk, v.effective_at, v.detriment) for v in self.versions if v.effective_at]
        return resolve_applicable_version(rows, self.acceptances, self.now)

    @cached_property
    def applicable_version(self) -> AgreementVersion | None:
        """Return the signed-in affiliate's applicable version."""
        return next((version for version in self.versions if version.pk == self.applicability.agreement_id), None)

    @cached_property
    def version_to_accept(self) -> AgreementVersion | None:
        """Return the first version that the signed-in affiliate is requested to accept and has not declined.

        The same as `acceptance_requests.list_requested_versions`, from rows that are already loaded.
        """
        if self.affiliate is None:
            return None
        requested = acceptance_requests.select_requested_versions(
            self.versions, self.acceptances, state=self.affiliate.state, at=self.now
        )
        declined = {decline.agreement_id for decline in self.pending_declines}
        return next((version for version in requested if version.pk not in declined), None)

    @cached_property
    def pending_declines(self) -> list[Decline]:
        """Return the signed-in affiliate's declines that wait for their version, the first to take effect first.

        Read only if a version is not in effect yet, because no other decline waits.
        """
        if self.affiliate is None or not any(v.effective_at and v.effective_at > self.now for v in self.versions):
            return []
        return declines.list_pending_declines(self.affiliate)

    @cached_property
    def zone(self) -> str:
        """Return the time zone of all pages: the program's, in which its months are, else the installation's."""
        return self.versions[0].time_zone if self.versions else settings.TIME_ZONE

    @cached_property
    def language(self) -> str:
        """Return the language that the affiliate chose; "" if none is chosen or only one is offered."""
        offered = dict(settings.LANGUAGES)
        chosen = self.affiliate.language if len(offered) > 1 and self.affiliate else ""
        return chosen if chosen in offered else ""

    @cached_property
    def unread_notifications(self) -> int:
        """Return how many notifications the signed-in affiliate has not read; the home sets it."""
        return self._menu_marks[0]

    @cached_property
    def has_review_to_answer(self) -> bool:
        """Return whether a review waits for the signed-in affiliate's reply or answer; the home sets it."""
        return self._menu_marks[1]

    @cached_property
    def _menu_marks(self) -> tuple[int, bool]:
        """Read all that marks items of the affiliate's menu, in one query."""
        if self.affiliate is None:
            return 0, False
        reviews = Review.objects.filter(affiliate=OuterRef("pk"))
        waits = Q(Exists(reviews.with_reply_due(self.now))) | Q(Exists(reviews.with_open_question()))
        rows = Affiliate.objects.filter(pk=self.affiliate.pk).annotate(unread=notifications.build_unread_count())
        unread, is_waiting = rows.annotate(waits=waits).values_list("unread", "waits")[0]
        return int(unread), bool(is_waiting)

    @cached_property
    def menu(self) -> list[navigation.Group]:
        return navigation.build_menu(self)


current_frame: ContextVar[Frame | None] = ContextVar("frame", default=None)


def get_frame(request: HttpRequest) -> Frame:
    """Return the frame of `request`; a new one outside of the middleware."""
    frame = current_frame.get()
    return frame if frame is not None and frame.request is request else Frame(request)


def add_frame(request: HttpRequest) -> dict[str, object]:
    """Add `frame` to the context of every page: one name, so that it never collides with a page's own names."""
    return {"frame": get_frame(request)}
