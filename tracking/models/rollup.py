"""Daily rollups, which reports read instead of clicks and orders, and the days that must be recalculated."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.fields import MoneyField

# The value of a sub-ID or device of an order whose click is lost. No visitor can send this character.
UNKNOWN = "\x1a"


class Rollup(models.Model):
    """Figures of one affiliate for one day in the program's time zone and one value of one dimension.

    `payouts` fills in orders, sales and commission. The value "" is stored for the total only. In other dimensions it
    is the total minus the stored values.
    """

    class Dimension(models.TextChoices):
        TOTAL = "total", _("total")
        LINK = "link", _("link")
        SUB1 = "sub1", _("sub-ID 1")
        SUB2 = "sub2", _("sub-ID 2")
        SUB3 = "sub3", _("sub-ID 3")
        SUB4 = "sub4", _("sub-ID 4")
        SUB5 = "sub5", _("sub-ID 5")
        CATEGORY = "category", _("category")
        COUNTRY = "country", _("country")
        DEVICE = "device", _("device class")

    pk = models.CompositePrimaryKey("affiliate_id", "dimension", "day", "value")
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="+", db_index=False)
    dimension = models.CharField(max_length=8, choices=Dimension)
    day = models.DateField()
    value = models.CharField(max_length=100)
    clicks = models.BigIntegerField(default=0, db_default=0)
    orders = models.BigIntegerField(default=0, db_default=0)
    # The part of orders and commission that came through a link. Coupon orders need no click.
    clicked_orders = models.BigIntegerField(default=0, db_default=0)
    sales = MoneyField(default=0, db_default=0)
    commission = MoneyField(default=0, db_default=0)
    clicked_commission = MoneyField(default=0, db_default=0)

    class Meta:
        verbose_name = _("daily rollup")
        default_permissions = ()
        permissions: ClassVar = [("view_reports", _("Can see reports of all affiliates"))]
        # For reports on all affiliates. Reports on one affiliate read the primary key.
        indexes: ClassVar = [
            models.Index(fields=["dimension", "day"]),
            # Lists the few categories without reading all their days.
            models.Index(fields=["value", "day"], condition=models.Q(dimension="category"), name="rollup_categories"),
        ]

    def __str__(self) -> str:
        return f"{self.affiliate_id} {self.day} {self.dimension} {self.value}"


class ChangedDay(models.Model):
    """A mark that an affiliate's orders of one day have changed since their rollups were calculated.

    Rows are only inserted and deleted, never updated, so that concurrent writers of one day do not wait for each other.
    """

    id = models.BigAutoField(primary_key=True)
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="+", db_constraint=False, db_index=False)
    day = models.DateField()

    class Meta:
        verbose_name = _("changed day")
        default_permissions = ()
        indexes: ClassVar = [models.Index(fields=["affiliate", "day"])]

    def __str__(self) -> str:
        return f"{self.affiliate_id} {self.day}"


class ClickHorizon(models.Model):
    """A single row: the rollups contain the clicks of all transactions before `transaction`."""

    id = models.SmallAutoField(primary_key=True)
    transaction = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("click horizon")
        default_permissions = ()
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="single_click_horizon")]

    def __str__(self) -> str:
        return str(self.transaction)


# The program's time zone, in which its days begin. UTC before the first published agreement version.
ZONE_IN_SQL = (
    """COALESCE((SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC')"""
)


def build_changed_day_triggers() -> list[pgtrigger.Trigger]:
    """Return triggers that mark the days of changed rows of a model with `affiliate` and `placed_at`.

    They run per statement, so that a batch costs one insert.
    """
    old, new = "SELECT affiliate_id, placed_at FROM old_rows", "SELECT affiliate_id, placed_at FROM new_rows"
    referencing = {"old": "old_rows", "new": "new_rows"}
    return [
        _build_trigger("mark_inserted", pgtrigger.Insert, new, pgtrigger.Referencing(new=referencing["new"])),
        _build_trigger(
            "mark_updated", pgtrigger.Update, f"{old} UNION ALL {new}", pgtrigger.Referencing(**referencing)
        ),
        _build_trigger("mark_deleted", pgtrigger.Delete, old, pgtrigger.Referencing(old=referencing["old"])),
    ]


def _build_trigger(
    name: str, operation: pgtrigger.Operation, rows: str, tables: pgtrigger.Referencing
) -> pgtrigger.Trigger:
    return pgtrigger.Trigger(
        name=name,
        level=pgtrigger.Statement,
        when=pgtrigger.After,
        operation=operation,
        referencing=tables,
        func=f"""
            INSERT INTO tracking_changedday (affiliate_id, day)
            SELECT DISTINCT affiliate_id, (placed_at AT TIME ZONE {ZONE_IN_SQL})::date
              FROM ({rows}) AS touched WHERE affiliate_id IS NOT NULL;
            RETURN NULL;
        """,  # noqa: S608
    )
