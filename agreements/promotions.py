"""Promotions: dated rates that may raise the agreement's, never lower it (CONTRACT 5)."""

from collections.abc import Iterable
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.models import Affiliate, State
from affiliates.notify import Notice, notify_many
from agreements.clauses import clause_in_force
from agreements.errors import Refused
from agreements.models import Agreement, Promotion
from agreements.rules import Rule
from agreements.terms import date_and_time, percent
from audit import trail


def check(*, rate: Decimal, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Refuse, by its field, a rate outside floor and ceiling of a version that applies in that time, or a time that was."""
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("It has to end after it starts.")})
    if starts_at < now:
        raise ValidationError({"starts_at": _("A promotion can't start in the past: orders are priced already.")})
    versions = list(Agreement.objects.upcoming(starts_at).filter(effective_at__lt=ends_at))
    first = Agreement.objects.in_force(starts_at)
    if first is None and not versions:
        raise ValidationError({"starts_at": _("No agreement is in force then.")})
    for version in [first, *versions] if first else versions:
        if not version.rate_floor <= rate <= version.rate_ceiling:
            bounds = {"floor": percent(version.rate_floor), "ceiling": percent(version.rate_ceiling)}
            cause = _("Version %(name)s allows rates from %(floor)s to %(ceiling)s.") % (
                bounds | {"name": version.name}
            )
            raise ValidationError({"percent": cause})


@transaction.atomic
def create(
    *,
    name: str,
    rate: Decimal,
    categories: list[str],
    affiliates: Iterable[Affiliate],
    starts_at: datetime,
    ends_at: datetime,
    now: datetime,
    by: User | None,
) -> Promotion:
    """Announce a promotion to those whom it concerns; no categories stand for all, and no affiliates for everybody."""
    check(rate=rate, starts_at=starts_at, ends_at=ends_at, now=now)
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
    _announce(promotion, named)
    return promotion


@transaction.atomic
def end(*, promotion: Promotion, ends_at: datetime, now: datetime, by: User | None) -> None:
    """Let a promotion end at another instant, from now on: what was promised for orders that were placed stays."""
    if promotion.ends_at <= now:
        raise Refused(_("This promotion is over."))
    if ends_at < now or ends_at <= promotion.starts_at:
        raise ValidationError({"ends_at": _("It has to end after now and after it starts.")})
    check(rate=promotion.percent, starts_at=max(promotion.starts_at, now), ends_at=ends_at, now=now)
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


def _announce(promotion: Promotion, named: list[Affiliate]) -> None:
    agreement = Agreement.objects.in_force(promotion.starts_at)
    zone = agreement.time_zone if agreement else "UTC"
    people = Affiliate.objects.filter(state=State.ACTIVE, erased_at__isnull=True).select_related("user")
    if named:
        people = people.filter(pk__in=[affiliate.pk for affiliate in named])
    context = {
        "promotion": promotion.name,
        "rate": percent(promotion.percent),
        "categories": promotion.categories,
        "starts": date_and_time(promotion.starts_at, zone),
        "ends": date_and_time(promotion.ends_at, zone),
        "clause": clause_in_force(Rule.PROMOTIONS, agreement),
    }
    notify_many(kind="promotion", notices=[Notice(person, f"{promotion.pk}:{person.pk}", context) for person in people])
