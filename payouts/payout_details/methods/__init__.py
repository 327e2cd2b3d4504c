"""Payout methods, one package each. A new method is registered here and nowhere else."""

from payouts.payout_details.methods.method import Method, Money, Sender, Transfer
from payouts.payout_details.methods.paypal import PayPal
from payouts.payout_details.methods.plain import Plain
from payouts.payout_details.methods.sepa import Sepa

METHODS: dict[str, Method] = {"paypal": PayPal(), "sepa": Sepa(), "bank": Plain()}

__all__ = ["METHODS", "Method", "Money", "Sender", "Transfer"]
