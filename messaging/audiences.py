"""The affiliates whom an announcement is for."""

from datetime import datetime, timedelta

from django.db.models import Exists, OuterRef, QuerySet
from django.utils.translation import gettext as _
from django_countries import countries

from affiliates.models import Affiliate, AffiliateTag, Channel, State
from messaging.models import Announcement
from tracking.models import Rollup

# Those in other states have not joined the program or are gone.
STATES = (State.APPROVED, State.ACTIVE, State.SUSPENDED, State.LEAVING)
ACTIVITY_DAYS = 90
NAMES_SHOWN = 10
Activity = Announcement.Activity


def select_readers(announcement: Announcement, *, now: datetime) -> QuerySet[Affiliate]:
    """Return the affiliates whom all filters of the announcement select at `now`, with their users."""
    readers = Affiliate.objects.filter(state__in=announcement.states or [State.ACTIVE], erased_at=None)
    if announcement.countries:
        readers = readers.filter(country__in=announcement.countries)
    if announcement.channel_kinds:
        channels = Channel.objects.filter(
            affiliate=OuterRef("pk"), state=Channel.State.APPROVED, kind__in=announcement.channel_kinds
        )
        readers = readers.filter(Exists(channels))
    if announcement.tags:
        tagged = AffiliateTag.affiliates.through.objects.filter(
            affiliate=OuterRef("pk"), affiliatetag__in=announcement.tags
        )
        readers = readers.filter(Exists(tagged))
    return _filter_by_activity(readers, announcement.activity, now).select_related("user")


def _filter_by_activity(readers: QuerySet[Affiliate], activity: str, now: datetime) -> QuerySet[Affiliate]:
    if not activity:
        return readers
    days = Rollup.objects.filter(
        affiliate=OuterRef("pk"),
        dimension=Rollup.Dimension.TOTAL,
        day__gte=(now - timedelta(days=ACTIVITY_DAYS)).date(),
    )
    counts_clicks = activity in (Activity.CLICKS, Activity.NO_CLICKS)
    active = Exists(days.filter(clicks__gt=0) if counts_clicks else days.filter(orders__gt=0))
    return readers.filter(active if activity in (Activity.CLICKS, Activity.ORDERS) else ~active)


def describe_filters(announcement: Announcement) -> str:
    """Name what the filters select, as "active affiliates; countries: Sweden; with a tag: Garden"."""
    states = ", ".join(str(State(state).label) for state in announcement.states or [State.ACTIVE])
    parts = [_("%(states)s affiliates") % {"states": states}]
    if announcement.countries:
        names = [str(countries.name(code)) for code in announcement.countries]
        parts.append(_("countries: %(names)s") % {"names": ", ".join(names)})
    if announcement.channel_kinds:
        kinds = [str(Channel.Kind(kind).label) for kind in announcement.channel_kinds]
        parts.append(_("with an approved channel: %(kinds)s") % {"kinds": ", ".join(kinds)})
    if announcement.tags:
        tags = list_tag_names(announcement) or [_("deleted tags")]
        parts.append(_("with a tag: %(names)s") % {"names": ", ".join(tags)})
    if announcement.activity:
        parts.append(str(Activity(announcement.activity).label))
    return "; ".join(parts)


def list_tag_names(announcement: Announcement) -> list[str]:
    """Return the names of the tags that select readers; a tag that was deleted since has none."""
    return list(AffiliateTag.objects.filter(pk__in=announcement.tags).values_list("name", flat=True))


def list_first_names(readers: QuerySet[Affiliate]) -> list[str]:
    """Return the names of the first readers, for staff to check the filters."""
    return list(readers.order_by("name", "pk").values_list("name", flat=True)[:NAMES_SHOWN])
