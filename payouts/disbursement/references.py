"""The reference of a payout at the bank or provider."""

from uuid import UUID


def build_reference(payout_id: UUID) -> str:
    """Return the reference of a payout: 30 letters and digits made from its id.

    PayPal takes 30 characters and SEPA 35, so the last four hexadecimal digits are left out. The database keeps
    references unique.
    """
    return f"AC{payout_id.hex[:28]}".upper()
