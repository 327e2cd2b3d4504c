"""The table from the shop's categories to those of the rate card, as staff see and edit it (specification 11)."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any, NamedTuple

from django.core.exceptions import ValidationError
from django.db import connection as database
from django.db import transaction
from django.utils.translation import gettext as _

from accounts.models import User
from audit import trail
from lib.money import ZERO
from lib.reasons import require_reason
from lib.text import clean_code, fold_code
from payouts.commissions.rates import RateCard
from shops.models import CategoryMapping, Connection
from shops.unrated_categories import suggest_category
from tracking.orders.ingestion_sql import dump_rows

DAYS = 90
# The page counts the newest orders only, so that it does not read all of a large shop.
MAX_ORDERS = 20_000
MAX_LISTED = 500
MAX_NAME = 300


class Choice(NamedTuple):
    """What staff chose for a category of the shop: "" as `category` removes its mapping."""

    shop_category: str
    category: str
    position: int


class ShopCategory(NamedTuple):
    """A category of the shop, its mapping ("" for none), and its unmapped lines of the last `DAYS` days.

    Of a large shop only its newest `MAX_ORDERS` orders count.

    Orders and sales are of all orders, commission of affiliates' orders. `suggestion` is the category of the rate card
    that was probably meant ("" for none), with what the affiliates' lines would have earned at its `percent`.
    """

    name: str
    key: str
    category: str
    position: int | None
    orders: int
    sales: Decimal
    commission: Decimal
    suggestion: str
    percent: Decimal | None
    would_earn: Decimal | None


_RECENT = """
    WITH recent AS MATERIALIZED (
        SELECT id, order_id FROM shops_shoporder WHERE connection_id = %(pk)s ORDER BY id DESC LIMIT %(orders)s
    )
"""
_NAMES = f"""{_RECENT}    SELECT DISTINCT name FROM (
        SELECT jsonb_array_elements_text(categories) AS name FROM shops_shopproduct WHERE connection_id = %(pk)s
        UNION ALL
        SELECT jsonb_array_elements_text(collections) FROM shops_shopproduct WHERE connection_id = %(pk)s
        UNION ALL
        SELECT jsonb_array_elements_text(l.shop_categories)
          FROM recent JOIN shops_shoporderline l ON l.shop_order_id = recent.id
    ) named ORDER BY name LIMIT %(most)s
"""  # noqa: S608 -- no input in the SQL text
# The unmapped lines of recent orders with their commission, once for each key of their categories.
_UNMAPPED = f"""{_RECENT}, key AS (SELECT * FROM json_to_recordset(%(names)s) AS key(name text, key text, percent numeric)),
    line AS (
        SELECT l.id, o.id AS order_id, l.shop_categories, l.amount, c.base, c.amount AS commission
          FROM recent o
          JOIN shops_shoporderline l ON l.shop_order_id = o.id
          JOIN tracking_order t ON t.order_id = o.order_id
          LEFT JOIN tracking_orderline tl ON tl.order_id = t.id AND tl.line_id = l.line_id
          LEFT JOIN payouts_commission c ON c.line_id = tl.id
         WHERE l.mapped_by = '' AND t.placed_at >= %(since)s
    )
    SELECT key, count(DISTINCT order_id), sum(amount), COALESCE(sum(commission), 0),
           COALESCE(sum(round(base * percent / 100, 2)), 0)
      FROM (SELECT DISTINCT line.id, line.order_id, line.amount, line.base, line.commission, key.key, key.percent
              FROM line
              LEFT JOIN LATERAL jsonb_array_elements_text(line.shop_categories) AS named(name) ON true
              JOIN key ON key.name = COALESCE(named.name, '')) each_line
     GROUP BY key
"""  # noqa: S608 -- no input in the SQL text


def list_shop_categories(connection: Connection, *, card: RateCard | None, now: datetime) -> list[ShopCategory]:
    """Return the categories of the connection: mapped ones by position, then unmapped ones, highest sales first.

    Lines without any category are listed under the name "".
    """
    mapped = {row.key: row for row in CategoryMapping.objects.filter(connection=connection)}
    names = _list_names(connection)
    spelled = {key: name for name, key in reversed([(name, fold_code(name)) for name in names])}
    spelled |= {key: row.shop_category for key, row in mapped.items()}
    suggestions = {key: suggest_category(name, card.rates) if card else "" for key, name in spelled.items()}
    percents = {key: card.rates[found] for key, found in suggestions.items() if card and found}
    figures = _sum_unmapped(connection, names, percents, since=now - timedelta(days=DAYS))
    rows = []
    for key, name in spelled.items():
        orders, sales, commission, would_earn = figures.get(key, (0, ZERO, ZERO, ZERO))
        mapping = mapped.get(key)
        rows.append(
            ShopCategory(
                name, key, mapping.category if mapping else "", mapping.position if mapping else None, orders, sales,
                commission, suggestions[key], percents.get(key), would_earn if key in percents else None,
            )
        )  # fmt: skip
    listed = [row for row in rows if row.key or row.orders]
    return sorted(listed, key=lambda row: (row.position is None, row.position or 0, -row.sales, row.key))


def _list_names(connection: Connection) -> list[str]:
    with database.cursor() as cursor:
        cursor.execute(_NAMES, {"pk": connection.pk, "most": MAX_LISTED, "orders": MAX_ORDERS})
        return [*(name for (name,) in cursor.fetchall()), ""]


def _sum_unmapped(
    connection: Connection, names: Sequence[str], percents: Mapping[str, Decimal], since: datetime
) -> dict[str, tuple[int, Decimal, Decimal, Decimal]]:
    keys = [(name, fold_code(name)) for name in names]
    rows = [{"name": name, "key": key, "percent": percents.get(key)} for name, key in keys]
    with database.cursor() as cursor:
        values: dict[str, Any] = {"pk": connection.pk, "since": since, "names": dump_rows(rows), "orders": MAX_ORDERS}
        cursor.execute(_UNMAPPED, values)
        return {key: (orders, sales, earned, would) for key, orders, sales, earned, would in cursor.fetchall()}


@transaction.atomic
def save_mappings(
    *, connection: Connection, choices: Sequence[Choice], card: RateCard | None, reason: str, now: datetime,
    by: User | None,
) -> int:  # fmt: skip
    """Change the mappings of the chosen categories, and leave the others. Return how many changed.

    Positions then count from 1, in the order chosen. Raises ValidationError.
    """
    Connection.objects.select_for_update(no_key=True).get(pk=connection.pk)
    rows = {row.key: row for row in CategoryMapping.objects.filter(connection=connection)}
    before = _describe(rows)
    for choice in choices:
        _apply_choice(connection, rows, choice, card)
    ordered = sorted(rows.values(), key=lambda row: (row.position, row.key))
    for position, row in enumerate(ordered, 1):
        row.position = position
    after = _describe(rows)
    changed = {key for key in before.keys() | after.keys() if before.get(key) != after.get(key)}
    if changed:
        CategoryMapping.objects.filter(connection=connection).delete()
        CategoryMapping.objects.bulk_create(ordered, batch_size=500)
        trail.record(
            action="shop categories mapped", subject=connection, now=now, by=by,
            before={key: before.get(key) for key in sorted(changed)},
            after={key: after.get(key) for key in sorted(changed)}, reason=require_reason(reason),
        )  # fmt: skip
    return len(changed)


def _apply_choice(
    connection: Connection, rows: dict[str, CategoryMapping], choice: Choice, card: RateCard | None
) -> None:
    key = fold_code(choice.shop_category)
    if not key or len(key) > MAX_NAME or len(choice.shop_category) > MAX_NAME:
        raise ValidationError(_("Enter a category of the shop with at most %(most)d characters.") % {"most": MAX_NAME})
    if not choice.category:
        rows.pop(key, None)
        return
    known = rows.get(key)
    if not (card and choice.category in card.rates) and not (known and known.category == choice.category):
        message = _("“%(category)s” is not on the rate card in force.")
        raise ValidationError(message % {"category": choice.category[:64]})
    row = known or CategoryMapping(connection=connection, key=key)
    row.shop_category = known.shop_category if known else clean_code(choice.shop_category)
    row.category, row.position = choice.category, choice.position
    rows[key] = row


def _describe(rows: Mapping[str, CategoryMapping]) -> dict[str, Any]:
    return {key: f"{row.position}: {row.category}" for key, row in rows.items()}
