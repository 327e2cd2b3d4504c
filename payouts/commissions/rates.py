"""The rate for an affiliate, a category and a time (specification 5, docs/rates.md).

The rate card of the affiliate's applicable version when the order was placed gives the rate; the highest promotion
raises it, up to the version's ceiling.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from functools import cached_property, lru_cache
from typing import NamedTuple
from uuid import UUID

from django.db import connection

from agreements import clauses
from agreements.models import AgreementVersion, Rate
from agreements.rules import Rule


@dataclass(frozen=True)
class RateCard:
    """The pricing terms of a published version, which never change."""

    agreement_id: UUID
    name: str
    rates: dict[str, Decimal]
    names: dict[str, str]  # display names, by category
    everything_else: Decimal
    ceiling: Decimal
    order_commission_cap: Decimal | None
    validation_days: int
    clauses: dict[str, str]  # by rule, as "3.2"

    def get_rate(self, category: str) -> Decimal:
        """Return the rate of a category: that for everything else if the card does not list it."""
        return self.rates.get(category, self.everything_else)

    def get_clause(self, rule: Rule) -> str:
        """Return the number of the clause that states `rule`; "" if none does."""
        return self.clauses.get(rule.value, "")

    def build_step(self, rule: Rule, text: str) -> dict[str, str]:
        """Return a step in the calculation of a commission, with the clause that states its rule."""
        return {"rule": rule.value, "clause": self.get_clause(rule), "text": text}

    def get_rate_step(self, category: str) -> dict[str, str]:
        """Return the step that names the rate of a category."""
        return self._rate_steps.get(category) or self._build_rate_step(
            f"{category} is not listed, so everything else", self.everything_else
        )

    @cached_property
    def _rate_steps(self) -> dict[str, dict[str, str]]:
        return {category: self._build_rate_step(self.names[category], rate) for category, rate in self.rates.items()}

    def _build_rate_step(self, name: str, rate: Decimal) -> dict[str, str]:
        return self.build_step(Rule.RATE_CARD, f"Rate card of version {self.name}: {name}, {rate} %.")


class Offer(NamedTuple):
    """A promotion as pricing needs it; an empty set of categories or affiliates means all."""

    name: str
    percent: Decimal
    categories: frozenset[str]
    affiliates: frozenset[UUID]
    starts_at: datetime
    ends_at: datetime

    def applies(self, affiliate_id: UUID, category: str, placed_at: datetime) -> bool:
        return (
            self.starts_at <= placed_at < self.ends_at
            and (not self.categories or category in self.categories)
            and (not self.affiliates or affiliate_id in self.affiliates)
        )


@lru_cache(maxsize=64)
def get_rate_card(agreement_id: UUID) -> RateCard:
    """Return the rate card of a published version."""
    agreement = AgreementVersion.objects.get(pk=agreement_id, published_at__isnull=False)
    rates = {rate.category: rate for rate in Rate.objects.filter(agreement=agreement)}
    return RateCard(
        agreement_id=agreement_id,
        name=agreement.name,
        rates={category: rate.percent for category, rate in rates.items()},
        names={category: rate.name for category, rate in rates.items()},
        everything_else=next(rate.percent for rate in rates.values() if rate.everything_else),
        ceiling=agreement.rate_ceiling,
        order_commission_cap=agreement.order_commission_cap,
        validation_days=agreement.validation_days,
        clauses=clauses.get_clause_numbers(agreement_id),
    )


def list_offers(since: datetime, until: datetime) -> list[Offer]:
    """Return the promotions that may apply to orders placed from `since` through `until`, the latest start first."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT name, percent, categories,
                   ARRAY(SELECT affiliate_id FROM agreements_promotion_affiliates WHERE promotion_id = promotion.id),
                   starts_at, ends_at
              FROM agreements_promotion promotion WHERE starts_at <= %s AND ends_at > %s ORDER BY starts_at DESC, id
            """,
            [until, since],
        )
        return [
            Offer(name, percent, frozenset(categories), frozenset(affiliates), starts_at, ends_at)
            for name, percent, categories, affiliates, starts_at, ends_at in cursor.fetchall()
        ]


def find_best_offer(
    offers: Sequence[Offer], card: RateCard, *, affiliate_id: UUID, category: str, placed_at: datetime
) -> tuple[Decimal, Offer | None]:
    """Return the rate in percent, and the promotion that raised it, if any."""
    rate = card.get_rate(category)
    best: Offer | None = None
    for offer in offers:
        percent = min(offer.percent, card.ceiling)
        if percent > rate and offer.applies(affiliate_id, category, placed_at):
            rate, best = percent, offer
    return rate, best
