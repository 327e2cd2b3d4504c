"""Daily roll-ups: what reports read instead of rows (PERFORMANCE 2), and what of them is to be worked out anew."""

from typing import ClassVar

import pgtrigger
from django.db import models
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.fields import MoneyField

# The value of a sub-id or a device where an order's click can't say it: its record is lost. No visitor can send this.
UNKNOWN = "\x1a"


class Rollup(models.Model):
    """What one affiliate brought on one day of the program's time zone, for one value of one dimension.

    Orders, sales and commission are filled by the rooms above, which know what an order earns. A value of "" is not
    stored but for the total: it is what the others leave of it.
    """

    class Dimension(models.TextChoices):
        TOTAL = "total", _("total")
        LINK = "link", _("link")
        SUB1 = "sub1", _("sub-id 1")
        SUB2 = "sub2", _("sub-id 2")
        SUB3 = "sub3", _("sub-id 3")
        SUB4 = "sub4", _("sub-id 4")
        SUB5 = "sub5", _("sub-id 5")
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
    # Of the orders and the commission, what came by a link: a coupon needs no click.
    clicked_orders = models.BigIntegerField(default=0, db_default=0)
    sales = MoneyField(default=0, db_default=0)
    commission = MoneyField(default=0, db_default=0)
    clicked_commission = MoneyField(default=0, db_default=0)

    class Meta:
        verbose_name = _("daily roll-up")
        default_permissions = ()
        permissions: ClassVar = [("view_reports", _("Can see reports of all affiliates"))]
        # For a report of all affiliates; that of one reads the primary key.
        indexes: ClassVar = [
            models.Index(fields=["dimension", "day"]),
            # So that the few categories there are can be told without reading all their days.
            models.Index(fields=["value", "day"], condition=models.Q(dimension="category"), name="rollup_categories"),
        ]

    def __str__(self) -> str:
        return f"{self.affiliate_id} {self.day} {self.dimension} {self.value}"


class ChangedDay(models.Model):
    """A mark that an affiliate's orders of one day have changed since their roll-ups were worked out.

    Only ever added and taken away: senders of the same day don't wait for one another, as they would for a sum.
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
    """The one row that says which clicks are in the roll-ups: those of transactions before this one."""

    id = models.SmallAutoField(primary_key=True)
    transaction = models.BigIntegerField(default=0)

    class Meta:
        verbose_name = _("horizon of clicks")
        default_permissions = ()
        constraints: ClassVar = [models.CheckConstraint(condition=models.Q(id=1), name="single_click_horizon")]

    def __str__(self) -> str:
        return str(self.transaction)


# The program's time zone, in which its days begin; UTC before the first agreement.
ZONE_IN_SQL = (
    """COALESCE((SELECT time_zone FROM agreements_agreementversion WHERE published_at IS NOT NULL LIMIT 1), 'UTC')"""
)


def build_changed_day_triggers() -> list[pgtrigger.Trigger]:
    """Triggers for a model with `affiliate` and `placed_at`: whatever changes its rows marks their affiliates' days.

    By statement, so that a batch costs one insert; in the database, so that no writer can forget it.
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
        # Our own names alone, no outside text.
        func=f"""
            INSERT INTO tracking_changedday (affiliate_id, day)
            SELECT DISTINCT affiliate_id, (placed_at AT TIME ZONE {ZONE_IN_SQL})::date
              FROM ({rows}) AS touched WHERE affiliate_id IS NOT NULL;
            RETURN NULL;
        """,  # noqa: S608
    )
