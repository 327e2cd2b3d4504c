"""The reference under which a payout is known to whoever pays it."""

from uuid import UUID


def reference_of(payout_id: UUID) -> str:
    """The reference made from the id of a payout (RELIABILITY 1.14): letters and digits, 29 characters.

    PayPal takes 30 and SEPA 35 characters. The last three hexadecimal digits are left out; 62 random bits remain, and the
    database refuses a reference that is there already.
    """
    return f"P{payout_id.hex[:28]}".upper()
