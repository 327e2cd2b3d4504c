"""The double-entry ledger: append-only and balanced, both enforced by the database (specification 7)."""

from typing import ClassVar

import pgtrigger
from django.conf import settings
from django.db import models
from django.db.models import Q
from django.db.models.functions import Now
from django.utils.translation import gettext_lazy as _

from affiliates.models import Affiliate
from lib.fields import MoneyField
from lib.foreign_keys import build_reference_triggers
from lib.triggers import build_append_only_triggers


class Account(models.TextChoices):
    AFFILIATE_PAYABLE = "affiliate_payable", _("affiliate payable")
    COMMISSION_EXPENSE = "commission_expense", _("commission expense")
    ADJUSTMENTS = "adjustments", _("adjustments")
    FORFEITED_COMMISSION = "forfeited_commission", _("forfeited commission")
    PAYOUTS_IN_TRANSIT = "payouts_in_transit", _("payouts in transit")
    CASH = "cash", _("cash")


class LedgerTransaction(models.Model):
    id = models.BigAutoField(primary_key=True)
    # What is booked, such as "close:2011-01:<affiliate>" or "payout:<id>:sent"; unique, so that nothing is booked
    # twice.
    source = models.CharField(_("source"), max_length=120, unique=True)
    kind = models.CharField(_("kind"), max_length=30)
    at = models.DateTimeField(_("when"))
    recorded_at = models.DateTimeField(db_default=Now())
    by = models.ForeignKey(settings.AUTH_USER_MODEL, models.PROTECT, null=True, related_name="+")
    memo = models.CharField(_("memo"), max_length=300, blank=True, default="", db_default="")

    class Meta:
        verbose_name = _("ledger transaction")
        ordering: ClassVar = ["-id"]
        # For the first and the last month.
        indexes: ClassVar = [models.Index(fields=["at"], name="ledger_at")]
        triggers: ClassVar = build_append_only_triggers()

    def __str__(self) -> str:
        return str(_("%(kind)s no. %(number)s") % {"kind": self.kind.replace("_", " "), "number": self.pk})


class LedgerEntry(models.Model):
    """One side of a transaction; a positive amount is a debit, a negative one a credit.

    The balance of an affiliate is their negated sum on `affiliate_payable`.
    """

    id = models.BigAutoField(primary_key=True)
    transaction = models.ForeignKey(LedgerTransaction, models.PROTECT, related_name="entries", db_constraint=False)
    account = models.CharField(_("account"), max_length=24, choices=Account)
    affiliate = models.ForeignKey(
        Affiliate, models.PROTECT, null=True, related_name="ledger_entries", db_constraint=False
    )
    amount = MoneyField(_("amount"))

    class Meta:
        verbose_name = _("ledger entry")
        verbose_name_plural = _("ledger entries")
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["affiliate", "account", "-id"], include=["amount"], name="ledger_affiliate"),
            models.Index(fields=["account", "-id"]),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(amount=0) & Q(amount__lt="1000000000000"), name="ledger_entry_is_an_amount"
            ),
            models.CheckConstraint(
                condition=~Q(account="affiliate_payable") | Q(affiliate__isnull=False),
                name="ledger_payable_has_affiliate",
            ),
            models.CheckConstraint(condition=Q(account__in=Account.values), name="ledger_account_is_known"),
        ]
        triggers: ClassVar = [
            *build_append_only_triggers(),
            *build_reference_triggers(
                {
                    "transaction_id": ("payouts_ledgertransaction", "id"),
                    "affiliate_id": ("affiliates_affiliate", "id"),
                }
            ),
            # One statement writes all entries of a transaction, and they must sum to zero after it. The sum covers the
            # whole transaction, which also rejects a late entry to an old one. The schema is named so that a temporary
            # table of the same name cannot take the place of the real one.
            pgtrigger.Trigger(
                name="transaction_balances",
                level=pgtrigger.Statement,
                when=pgtrigger.After,
                operation=pgtrigger.Insert,
                referencing=pgtrigger.Referencing(new="new_entries"),
                declare=[("unbalanced", "BIGINT")],
                func="""
                    SELECT entry.transaction_id INTO unbalanced
                      FROM public.payouts_ledgerentry entry
                     WHERE entry.transaction_id IN (SELECT transaction_id FROM new_entries)
                     GROUP BY entry.transaction_id
                    HAVING SUM(entry.amount) <> 0
                     LIMIT 1;
                    IF unbalanced IS NOT NULL THEN
                        RAISE EXCEPTION 'ledger transaction % does not balance', unbalanced
                            USING ERRCODE = 'check_violation';
                    END IF;
                    RETURN NULL;
                """,
            ),
        ]

    def __str__(self) -> str:
        return f"{self.get_account_display()} {self.amount}"
