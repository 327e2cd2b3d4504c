"""Title and description of the pages that applicants name as their channels, fetched by the worker for staff."""

import unicodedata
from collections.abc import Iterable
from datetime import datetime
from html.parser import HTMLParser
from threading import Thread

from django.conf import settings
from django.db.models import QuerySet
from django.utils.translation import gettext as _

from affiliates import applications
from affiliates.models import Affiliate, Channel, ChannelPreview
from lib.text import clean_name
from shops.landing.page_fetch import FetchedPage, FetchFailed, fetch_page

# Each takes seconds if a server is slow.
MAX_FETCHED = 5
MAX_SECONDS = 20
HTTP_ERROR = 400
_DESCRIPTIONS = ("description", "og:description")


def fetch_previews(*, now: datetime) -> int:
    """Fetch the pages of some channels whose application waits for a decision; return how many.

    Each is fetched once, never from a private network, and only after the applicant has confirmed their address.
    """
    if not settings.CHANNEL_PREVIEWS:
        return 0
    channels = list(_select_channels()[:MAX_FETCHED])
    for channel in channels:
        preview = _fetch_preview(channel)
        preview.fetched_at = now
        # The channel may have been withdrawn meanwhile.
        if Channel.objects.filter(pk=channel.pk).exists():
            ChannelPreview.objects.bulk_create([preview], ignore_conflicts=True)
    return len(channels)


def _select_channels() -> QuerySet[Channel]:
    decidable = applications.filter_decidable(Affiliate.objects.all())
    waiting = Channel.objects.filter(affiliate__in=decidable, state=Channel.State.PENDING)
    return waiting.filter(preview=None).order_by("added_at", "pk")


def _fetch_preview(channel: Channel) -> ChannelPreview:
    try:
        page = _fetch_in_time(channel.address)
    except FetchFailed as error:
        return ChannelPreview(channel=channel, problem=str(error)[:200])
    if page.status >= HTTP_ERROR:
        return ChannelPreview(
            channel=channel, problem=_("it answers with the status %(status)d") % {"status": page.status}
        )
    title, description = read_head(page.text)
    return ChannelPreview(channel=channel, title=title, description=description)


def _fetch_in_time(address: str) -> FetchedPage:
    """Return the page, or raise FetchFailed after MAX_SECONDS: a server that sends a byte now and then is never late."""
    outcome: list[FetchedPage | FetchFailed] = []

    def fetch() -> None:
        try:
            outcome.append(fetch_page(address))
        except FetchFailed as error:
            outcome.append(error)

    thread = Thread(target=fetch, daemon=True)
    thread.start()
    thread.join(MAX_SECONDS)
    if not outcome:
        raise FetchFailed(_("it takes longer than %(seconds)d seconds") % {"seconds": MAX_SECONDS})
    if isinstance(outcome[0], FetchFailed):
        raise outcome[0]
    return outcome[0]


def read_head(text: str) -> tuple[str, str]:
    """Return title and description of a page as plain text, shortened; "" for what it lacks."""
    parser = _HeadParser()
    parser.feed(text)
    return clean_name(_drop_controls(parser.title))[:200], clean_name(_drop_controls(parser.description))[:500]


def _drop_controls(text: str) -> str:
    return "".join(" " if unicodedata.category(character) == "Cc" else character for character in text)


class _HeadParser(HTMLParser):
    """Reads the first title and the first description."""

    def __init__(self) -> None:
        super().__init__()
        self.title, self.description = "", ""
        self._is_in_title = self._has_title = False

    def handle_starttag(self, tag: str, attrs: Iterable[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "title" and not self._has_title:
            self._is_in_title = True
        elif tag == "meta" and not self.description:
            name = (values.get("name") or values.get("property") or "").lower()
            self.description = values.get("content") or "" if name in _DESCRIPTIONS else ""

    def handle_endtag(self, tag: str) -> None:
        if tag == "title" and self._is_in_title:
            self._is_in_title, self._has_title = False, True

    def handle_data(self, data: str) -> None:
        if self._is_in_title:
            self.title += data
