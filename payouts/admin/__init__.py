"""Payouts in the admin: every page is read-only; changes go through actions and domain functions."""

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
