"""The money room in the admin: everything is read-only, and changed by the domain's own verbs alone (RELIABILITY 3)."""

from payouts.admin import adjustments, batches, closes, commissions, details, ledger, payouts

__all__ = [
    "adjustments",
    "batches",
    "closes",
    "commissions",
    "details",
    "ledger",
    "payouts",
]
