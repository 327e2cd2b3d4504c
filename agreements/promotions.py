"""Promotions: dated rates that may raise the agreement's rates, never lower them (specification 5)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from affiliates.conflict_of_interest import require_uninvolved
from affiliates.models import Affiliate, State
from affiliates.notifications import Notice, notify_many
from agreements.category_names import load_category_names
from agreements.clauses import cite_clause
from agreements.errors import Rejected
from agreements.models import AgreementVersion, Promotion, Rate
from agreements.rules import Rule
from agreements.terms import format_percent
from audit import trail
from lib.formatting import lazy_datetime_for
from lib.text import fold_code


def list_versions_in_force(starts_at: datetime, ends_at: datetime | None = None) -> list[AgreementVersion]:
    """Return the versions in force at any time from `starts_at` until `ends_at`, None for no end."""
    upcoming = AgreementVersion.objects.upcoming(starts_at)
    first = AgreementVersion.objects.get_in_force(starts_at)
    later = list(upcoming.filter(effective_at__lt=ends_at) if ends_at else upcoming)
    return [first, *later] if first else later


def collect_card_rates(versions: Iterable[AgreementVersion]) -> dict[str, list[Decimal]]:
    """Return {category: rates} of the rate cards of `versions`, without the rows for everything else."""
    rows = Rate.objects.filter(agreement__in=list(versions), everything_else=False)
    rates: dict[str, list[Decimal]] = defaultdict(list)
    for row in rows.order_by("agreement__effective_at", "position"):
        rates[row.category].append(row.percent)
    return dict(rates)


def check_rate_and_period(*, rate: Decimal, starts_at: datetime, ends_at: datetime, now: datetime) -> None:
    """Raise ValidationError by field for a rate outside the bounds of a version in force, or a start in the past."""
    if ends_at <= starts_at:
        raise ValidationError({"ends_at": _("The promotion must end after it starts.")})
    if starts_at < now:
        raise ValidationError(
            {"starts_at": _("A promotion can't start in the past, because those orders already have a rate.")}
        )
    versions = list_versions_in_force(starts_at, ends_at)
    if not versions:
        raise ValidationError({"starts_at": _("No agreement is in force at that time.")})
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
    """Check the categories of a promotion against the rate cards in force at that time.

    Raises ValidationError by field if a rate card does not name one of `categories`, if it does name one of `unnamed`,
    or if the rate raises none of them.
    """
    versions = list_versions_in_force(starts_at, ends_at)
    card = collect_card_rates(versions)
    default_rows = Rate.objects.filter(agreement__in=versions, everything_else=True)
    default_rates = dict(default_rows.values_list("category", "percent"))
    if unknown := [category for category in categories if category not in card]:
        cause = _("Not on the rate card: %s.")
        raise ValidationError({"categories": cause % ", ".join(unknown)})
    if named := [category for category in unnamed if category in card or category in default_rates]:
        cause = _("On the rate card already, so select it in the list above: %s.")
        raise ValidationError({"unnamed": cause % ", ".join(named)})
    current_rates = [percent for category in categories for percent in card[category]]
    if unnamed or not categories:
        current_rates += default_rates.values()
    if not (categories or unnamed):
        current_rates += [percent for percents in card.values() for percent in percents]
    if current_rates and rate <= min(current_rates):
        cause = _("Enter a rate above %s: the rate card already gives at least that for each of the categories.")
        raise ValidationError({"percent": cause % format_percent(min(current_rates))})


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
    reason: str = "A promotion was agreed.",
    unnamed: Iterable[str] = (),
) -> Promotion:
    """Create a promotion and notify the affiliates it applies to.

    No categories means all categories, and no affiliates means all affiliates. `unnamed` are categories that the rate
    card does not name, given separately to catch mistakes. Raises ValidationError by field like `check_rate_and_period`
    and `check_categories`.
    """
    selected = list(affiliates)
    require_uninvolved(by, selected)
    check_rate_and_period(rate=rate, starts_at=starts_at, ends_at=ends_at, now=now)
    categories, unnamed = [fold_code(code) for code in categories], [fold_code(code) for code in unnamed]
    check_categories(rate=rate, categories=categories, unnamed=unnamed, starts_at=starts_at, ends_at=ends_at)
    categories = [*categories, *unnamed]
    promotion = Promotion.objects.create(
        name=name,
        percent=rate,
        categories=categories,
        starts_at=starts_at,
        ends_at=ends_at,
        created_at=now,
        created_by=by,
    )
    promotion.affiliates.set(selected)
    trail.record(
        action="promotion added",
        subject=promotion,
        now=now,
        by=by,
        after={
            "name": name,
            "percent": rate,
            "categories": ", ".join(categories),
            "affiliates": ", ".join(sorted(affiliate.code for affiliate in selected)),
            "from": starts_at,
            "until": ends_at,
        },
        reason=reason,
    )
    notify_many(
        kind="promotion", notices=_build_notices(promotion, selected, str(promotion.pk), _list_times(promotion))
    )
    return promotion


@transaction.atomic
def change_end(
    *,
    promotion: Promotion,
    ends_at: datetime,
    now: datetime,
    by: User | None,
    reason: str = "A new end was agreed.",
) -> None:
    """Change the end of a promotion and notify the affiliates it applies to; orders already placed keep their rate."""
    selected = list(promotion.affiliates.all())
    require_uninvolved(by, selected)
    if promotion.ends_at <= now:
        raise Rejected(_("This promotion has already ended."))
    if ends_at < now or ends_at <= promotion.starts_at:
        raise ValidationError({"ends_at": _("The end must be in the future and after the start.")})
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
        reason=reason,
    )
    notify_many(
        kind="promotion_end_changed",
        notices=_build_notices(
            promotion,
            selected,
            f"{promotion.pk}:{ends_at.isoformat()}",
            _list_times(promotion) | {"ends_before": before},
        ),
    )


def list_promotions(affiliate: Affiliate, *, at: datetime) -> QuerySet[Promotion]:
    """Return the promotions that apply to `affiliate` and have not ended at `at`, by start."""
    applies = Q(affiliates=None) | Q(affiliates=affiliate)
    return Promotion.objects.filter(applies, ends_at__gt=at).order_by("starts_at", "name").distinct()


def list_promotions_at(affiliate: Affiliate, placed_at: datetime) -> QuerySet[Promotion]:
    """Return the promotions that apply to an order of `affiliate` placed at `placed_at`, by start."""
    return list_promotions(affiliate, at=placed_at).filter(starts_at__lte=placed_at)


def _list_times(promotion: Promotion) -> dict[str, datetime]:
    return {"starts": promotion.starts_at, "ends": promotion.ends_at}


def _build_notices(
    promotion: Promotion, selected: list[Affiliate], key: str, times: Mapping[str, datetime]
) -> list[Notice]:
    """Build a notice for each active affiliate; `selected` limits them unless it is empty."""
    version = AgreementVersion.objects.get_in_force(promotion.starts_at)
    affiliates = Affiliate.objects.filter(state=State.ACTIVE, erased_at__isnull=True).select_related("user")
    if selected:
        affiliates = affiliates.filter(pk__in=[affiliate.pk for affiliate in selected])
    names = load_category_names()
    context = {
        "promotion": promotion.name,
        "rate": format_percent(promotion.percent),
        "categories": [names[category] for category in promotion.categories],
        "clause": cite_clause(version, Rule.PROMOTIONS),
    }
    return [
        Notice(
            affiliate,
            f"{key}:{affiliate.pk}",
            context | {name: lazy_datetime_for(at, affiliate) for name, at in times.items()},
        )
        for affiliate in affiliates
    ]
