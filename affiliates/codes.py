"""Affiliate codes, short enough to be read out on the phone."""

import secrets

from affiliates.models import Affiliate

# Without 0, O, 1, I and L, which look alike.
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
LENGTH = 6


def generate_code() -> str:
    """Return an unused random code of six unambiguous letters and digits."""
    while True:
        code = "".join(secrets.choice(LETTERS) for _ in range(LENGTH))
        if not Affiliate.objects.filter(code=code).exists():
            return code
