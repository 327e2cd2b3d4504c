"""The monthly close and the rows it writes, all of them append-only (specification 6)."""

from decimal import Decimal
from typing import ClassVar, Self
from uuid import UUID

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import F, Q
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from agreements.models import AgreementVersion
from lib.fields import MoneyField
from lib.foreign_keys import build_reference_triggers
from lib.ids import uuid7
from lib.triggers import build_append_only_triggers
from payouts.models.commission import Commission
from tracking.models.order import CurrentTransaction


class Close(models.Model):
    """A closed month; months are closed in order, without gaps."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    # The first day of the month in the program's time zone.
    period = models.DateField(_("month"), unique=True)
    starts_at = models.DateTimeField()
    ends_at = models.DateTimeField()
    closed_at = models.DateTimeField(_("closed"))
    closed_by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    # The cut: the close counts snapshot rows up to this sequence that were visible to its database snapshot.
    cut = models.BigIntegerField(_("last snapshot"))
    snapshot = models.TextField()
    transaction = models.BigIntegerField(db_default=CurrentTransaction())
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, null=True, related_name="+")

    class Meta:
        verbose_name = _("month-end close")
        permissions: ClassVar = [
            ("close_month", _("Can close a month manually")),
            ("open_program", _("Can open the program")),
        ]
        ordering: ClassVar = ["-period"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(period__day=1), name="close_is_a_month"),
            models.CheckConstraint(condition=Q(closed_at__gte=F("ends_at")), name="close_after_the_month_has_ended"),
        ]
        triggers: ClassVar = build_append_only_triggers()

    def __str__(self) -> str:
        return f"{self.period:%Y-%m}"


class CloseExceptionQuerySet(models.QuerySet["CloseException"]):
    def of_last_close(self) -> Self:
        return self.filter(close=Close.objects.order_by("-period").values("pk")[:1])


class CloseException(models.Model):
    """An affiliate excluded from a close because of bad data; the next close settles them once the cause is gone."""

    close = models.ForeignKey(Close, models.PROTECT, related_name="exceptions", verbose_name=_("month-end close"))
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="+")
    cause = models.TextField(_("cause"))

    objects = CloseExceptionQuerySet.as_manager()

    class Meta:
        verbose_name = _("close exception")
        verbose_name_plural = _("close exceptions")
        triggers: ClassVar = build_append_only_triggers(redactable=("cause",))

    def __str__(self) -> str:
        return f"{self.affiliate}: {self.cause}"


class StatementQuerySet(models.QuerySet["Statement"]):
    def for_affiliate(self, affiliate: Affiliate | UUID) -> Self:
        return self.filter(affiliate=affiliate)


class Statement(models.Model):
    """An affiliate's statement for a month.

    opening + settled + adjustments + returned - payout = closing, which is the opening of the next statement.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    close = models.ForeignKey(
        Close, models.PROTECT, related_name="statements", db_constraint=False, db_index=False,
        verbose_name=_("month-end close"),
    )  # fmt: skip
    affiliate = models.ForeignKey(Affiliate, models.PROTECT, related_name="statements", db_constraint=False)
    # Counts from 1 for each affiliate, without gaps.
    number = models.PositiveIntegerField(_("number"))
    opening = MoneyField(_("opening balance"))
    lines = models.PositiveIntegerField(_("lines"))
    settled = MoneyField(_("commissions settled"))
    adjustments = MoneyField(_("adjustments"))
    returned = MoneyField(_("returned payouts"))
    payout = MoneyField(_("payout"))
    closing = MoneyField(_("closing balance"))
    # Codes of `CarryOverReason`; empty if the balance was paid.
    reasons = ArrayField(models.CharField(max_length=40), default=list)
    # The affiliate's applicable version at the close; None if there was none.
    agreement = models.ForeignKey(AgreementVersion, models.PROTECT, null=True, related_name="+", db_constraint=False)

    objects = StatementQuerySet.as_manager()

    class Meta:
        verbose_name = _("statement")
        ordering: ClassVar = ["-close__period", "affiliate"]
        # For the list of staff.
        indexes: ClassVar = [models.Index(fields=["close", "affiliate"], name="statement_close")]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["affiliate", "close"], name="one_statement_per_month"),
            models.UniqueConstraint(fields=["affiliate", "number"], name="one_statement_per_number"),
            models.CheckConstraint(
                condition=Q(closing=F("opening") + F("settled") + F("adjustments") + F("returned") - F("payout")),
                name="statement_adds_up",
            ),
            models.CheckConstraint(
                condition=Q(payout=0) | Q(payout__gt=0, payout__lt="1000000000000", closing=0),
                name="statement_pays_all_or_nothing",
            ),
        ]
        triggers: ClassVar = [
            *build_append_only_triggers(),
            *build_reference_triggers(
                {
                    "close_id": ("payouts_close", "id"),
                    "affiliate_id": ("affiliates_affiliate", "id"),
                    "agreement_id": ("agreements_agreementversion", "id"),
                }
            ),
        ]

    def __str__(self) -> str:
        return f"no. {self.number}"

    @property
    def earned(self) -> Decimal:
        """Return what the month added to the balance by commissions and adjustments."""
        earned: Decimal = self.settled + self.adjustments
        return earned


class StatementLine(models.Model):
    """What a close posts for a commission: its amount less what earlier closes settled, never 0.00."""

    id = models.BigAutoField(primary_key=True)
    close = models.ForeignKey(Close, models.PROTECT, related_name="lines", db_constraint=False)
    statement = models.ForeignKey(Statement, models.PROTECT, related_name="statement_lines", db_constraint=False)
    commission = models.ForeignKey(Commission, models.PROTECT, related_name="statement_lines", db_constraint=False)
    amount = MoneyField(_("settled"))
    # A copy of the commission when it was posted; it may change later, the line does not.
    base = MoneyField(_("base"))
    rate = models.DecimalField(_("rate, percent"), max_digits=5, decimal_places=2)
    clause = models.CharField(_("clause"), max_length=12)
    forfeited = models.BooleanField(default=False)

    class Meta:
        verbose_name = _("statement line")
        ordering: ClassVar = ["id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["commission", "close"], name="one_settlement_per_close"),
            models.CheckConstraint(
                condition=~Q(amount=0) & Q(amount__lt="1000000000000"), name="statement_line_is_an_amount"
            ),
        ]
        triggers: ClassVar = [
            *build_append_only_triggers(),
            *build_reference_triggers(
                {
                    "close_id": ("payouts_close", "id"),
                    "statement_id": ("payouts_statement", "id"),
                    "commission_id": ("payouts_commission", "line_id"),
                }
            ),
        ]

    def __str__(self) -> str:
        return f"{self.amount}"
