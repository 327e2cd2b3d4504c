"""Promotions: dated rates that may raise the agreement's, never lower it (CONTRACT 5)."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate, State
from affiliates.notifications import Notice, notify_many
from agreements.clauses import cite_clause
from agreements.errors import Rejected
from agreements.models import AgreementVersion, Promotion, Rate
from agreements.rules import Rule
from agreements.terms import format_percent
from audit import trail
from lib.formatting import format_datetime


def list_versions_in_force(starts_at: datetime, ends_at: datetime | None = None) -> list[AgreementVersion]:
    """The versions that are in force at any time from `starts_at` until `ends_at`, or ever after where there is no end."""
    coming = AgreementVersion.objects.upcoming(starts_at)
    first = AgreementVersion.objects.get_in_force(starts_at)
    later = list(coming.filter(effective_at__lt=ends_at) if ends_at else coming)
    return [first, *later] if first else later


def collect_card_rates(versions: Iterable[AgreementVersion]) -> dict[str, list[Decimal]]:
    """The categories that the rate cards of `versions` name, each with its rates; not the row for everything else, which
    names none."""
    rates = Rate.objects.filter(agreement__in=list(versions), everything_else=False)
    found: dict[str, list[Decimal]] = defaultdict(list)
    for rate in rates.order_by("agreement__effective_at", "position"):
        found[rate.category].append(rate.percent)
    return dict(found)


def check_rate_and_period(*, rate: Decimal, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Refuse, by its field, a rate outside floor and ceiling of a version that applies in that time, or a time that was."""
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("It has to end after it starts.")})
    if starts_at < now:
        raise ValidationError({"starts_at": _("A promotion can't start in the past: orders are priced already.")})
    versions = list_versions_in_force(starts_at, ends_at)
    if not versions:
        raise ValidationError({"starts_at": _("No agreement is in force then.")})
    for version in versions:
        if not version.rate_floor <= rate <= version.rate_ceiling:
            bounds = {"floor": format_percent(version.rate_floor), "ceiling": format_percent(version.rate_ceiling)}
            cause = _("Version %(name)s allows rates from %(floor)s to %(ceiling)s.") % (
                bounds | {"name": version.name}
            )
            raise ValidationError({"percent": cause})


def check_categories(
    *, rate: Decimal, categories: list[str], unnamed: list[str], starts_at: datetime, ends_at: datetime
) -> None:
    """Refuse, by its field, a category that no rate card of that time names unless it stands in `unnamed`, one there that a
    card does name or that stands for everything else, and a rate that raises none of them."""
    versions = list_versions_in_force(starts_at, ends_at)
    card = collect_card_rates(versions)
    standing = Rate.objects.filter(agreement__in=versions, everything_else=True)
    others = dict(standing.values_list("category", "percent"))
    if unknown := [category for category in categories if category not in card]:
        cause = _("Not on the rate card: %s. An order would have to name it exactly so.")
        raise ValidationError({"categories": cause % ", ".join(unknown)})
    if named := [category for category in unnamed if category in card or category in others]:
        raise ValidationError({"unnamed": _("On the rate card, so choose it above: %s.") % ", ".join(named)})
    paid = [percent for category in categories for percent in card[category]]
    if unnamed or not categories:
        paid += others.values()
    if not (categories or unnamed):
        paid += [percent for percents in card.values() for percent in percents]
    if paid and rate <= min(paid):
        cause = _("It raises nothing: the rate card gives %s or more for each of them.")
        raise ValidationError({"percent": cause % format_percent(min(paid))})


@transaction.atomic
def create_promotion(
    *,
    name: str,
    rate: Decimal,
    categories: list[str],
    affiliates: Iterable[Affiliate],
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    by: User | None,
    unnamed: Iterable[str] = (),
) -> Promotion:
    """Announce a promotion to those whom it concerns; no categories stand for all, and no affiliates for everybody.

    `unnamed` are categories that the rate card does not name, so that nobody means one by mistake. Refuses, by its field,
    what `check` and `check_categories` refuse.
    """
    check_rate_and_period(rate=rate, starts_at=starts_at, ends_at=ends_at, now=now)
    others = list(unnamed)
    check_categories(rate=rate, categories=categories, unnamed=others, starts_at=starts_at, ends_at=ends_at)
    categories = [*categories, *others]
    promotion = Promotion.objects.create(
        name=name,
        percent=rate,
        categories=categories,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=now,
        created_by=by,
    )
    named = list(affiliates)
    promotion.affiliates.set(named)
    trail.record(
        action="promotion added",
        subject=promotion,
        now=now,
        by=by,
        after={
            "name": name,
            "percent": rate,
            "categories": ", ".join(categories),
            "affiliates": ", ".join(sorted(affiliate.code for affiliate in named)),
            "from": starts_at,
            "until": ends_at,
        },
    )
    notify_many(kind="promotion", notices=_build_notices(promotion, named, str(promotion.pk)))
    return promotion


@transaction.atomic
def change_end(*, promotion: Promotion, ends_at: datetime, now: datetime, by: User | None) -> None:
    """Let a promotion end at another instant, from now on, and tell those whom it concerns: what was promised for orders
    that were placed stays."""
    if promotion.ends_at <= now:
        raise Rejected(_("This promotion is over."))
    if ends_at < now or ends_at <= promotion.starts_at:
        raise ValidationError({"ends_at": _("It has to end after now and after it starts.")})
    check_rate_and_period(rate=promotion.percent, starts_at=max(promotion.starts_at, now), ends_at=ends_at, now=now)
    before = promotion.ends_at
    promotion.ends_at = ends_at
    promotion.save(update_fields=["ends_at"])
    trail.record(
        action="promotion changed",
        subject=promotion,
        now=now,
        by=by,
        before={"until": before},
        after={"until": ends_at},
    )
    named = list(promotion.affiliates.all())
    notify_many(
        kind="promotion_end_changed", notices=_build_notices(promotion, named, f"{promotion.pk}:{ends_at.isoformat()}")
    )


def list_promotions(affiliate: Affiliate, *, at: datetime) -> QuerySet[Promotion]:
    """The promotions that concern `affiliate` and are not over at `at`, in the order in which they begin."""
    concerned = Q(affiliates=None) | Q(affiliates=affiliate)
    return Promotion.objects.filter(concerned, ends_at__gt=at).order_by("starts_at", "name").distinct()


def _build_notices(promotion: Promotion, named: list[Affiliate], key: str) -> list[Notice]:
    """What each of those whom a promotion concerns is told of it."""
    agreement = AgreementVersion.objects.get_in_force(promotion.starts_at)
    zone = agreement.time_zone if agreement else "UTC"
    people = Affiliate.objects.filter(state=State.ACTIVE, erased_at__isnull=True).select_related("user")
    if named:
        people = people.filter(pk__in=[affiliate.pk for affiliate in named])
    context = {
        "promotion": promotion.name,
        "rate": format_percent(promotion.percent),
        "categories": promotion.categories,
        "starts": format_datetime(promotion.starts_at, zone),
        "ends": format_datetime(promotion.ends_at, zone),
        "clause": cite_clause(agreement, Rule.PROMOTIONS),
    }
    return [Notice(person, f"{key}:{person.pk}", context) for person in people]
