"""Payout methods, one package each. A new method is registered here and nowhere else."""

from payouts.payout_details.methods.bank import BankTransfer
from payouts.payout_details.methods.method import Account, Method, Money, Sender, Transfer
from payouts.payout_details.methods.paypal import PayPal
from payouts.payout_details.methods.sepa import Sepa

METHODS: dict[str, Method] = {"paypal": PayPal(), "sepa": Sepa(), "bank": BankTransfer()}

__all__ = ["METHODS", "Account", "Method", "Money", "Sender", "Transfer"]
