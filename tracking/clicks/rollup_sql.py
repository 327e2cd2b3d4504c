"""What the statements on daily roll-ups have in common; all of it our own text, none from outside."""

from tracking.models import Rollup
from tracking.models.rollup import UNKNOWN, ZONE_IN_SQL

KEY = "affiliate_id, dimension, day, value"
# What orders fill; clicks are counted apart.
SALES = ("orders", "clicked_orders", "sales", "commission", "clicked_commission")
SUB_IDS = ("sub1", "sub2", "sub3", "sub4", "sub5")
ALL_DIMENSIONS = ", ".join(f"'{dimension}'" for dimension in Rollup.Dimension.values)


def build_day_sql(moment: str) -> str:
    """The day of a moment by the clocks of the program's zone."""
    return f"({moment} AT TIME ZONE {ZONE_IN_SQL})::date"


def build_dimension_join_sql(*dimensions: str) -> str:
    """Joined to rows that have these columns: each such row as often as it counts, as (dimension, value)."""
    values = ", ".join(f"('{dimension}', {dimension})" for dimension in dimensions)
    return f"CROSS JOIN LATERAL (VALUES ('total', ''), {values}) AS each(dimension, value)"


# "" but for the total is what the others leave of it.
STORED_SQL = "(value <> '' OR dimension = 'total')"


def build_click_value_sql(column: str) -> str:
    """What an order `o` knows of its click: "" without one, UNKNOWN where the click's record is lost."""
    return f"CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.{column}, E'\\x{ord(UNKNOWN):02x}') END"
