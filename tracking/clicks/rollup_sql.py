"""SQL fragments shared by the statements on daily rollups. None contains external input."""

from tracking.models import Rollup
from tracking.models.rollup import UNKNOWN, ZONE_IN_SQL

KEY = "affiliate_id, dimension, day, value"
# Columns that orders fill in; clicks are counted separately.
SALES = ("orders", "clicked_orders", "sales", "commission", "clicked_commission")
SUB_IDS = ("sub1", "sub2", "sub3", "sub4", "sub5")
ALL_DIMENSIONS = ", ".join(f"'{dimension}'" for dimension in Rollup.Dimension.values)


def build_day_sql(moment: str) -> str:
    """Return SQL for the date of a timestamp in the program's time zone."""
    return f"({moment} AT TIME ZONE {ZONE_IN_SQL})::date"


def build_dimension_join_sql(*dimensions: str) -> str:
    """Return a join that repeats each row for the total and for each dimension, as (dimension, value)."""
    values = ", ".join(f"('{dimension}', {dimension})" for dimension in dimensions)
    return f"CROSS JOIN LATERAL (VALUES ('total', ''), {values}) AS each(dimension, value)"


# In other dimensions than the total, the value "" is not stored.
STORED_SQL = "(value <> '' OR dimension = 'total')"


def build_click_value_sql(column: str) -> str:
    """Return SQL for a click column of an order `o`: "" without a click, UNKNOWN if the click is lost."""
    return f"CASE WHEN o.link_id IS NULL THEN '' ELSE COALESCE(o.{column}, E'\\x{ord(UNKNOWN):02x}') END"
