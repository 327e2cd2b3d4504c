"""The reference under which a payout is known to whoever pays it."""

from uuid import UUID


def build_reference(payout_id: UUID) -> str:
    """The reference made from the id of a payout (RELIABILITY 1.14): letters and digits, 30 characters.

    PayPal takes 30 characters and SEPA 35. The last four hexadecimal digits are left out; the database refuses a reference
    that is there already.
    """
    return f"AC{payout_id.hex[:28]}".upper()
