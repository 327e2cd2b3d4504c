"""Payout accounts at rest: encrypted with keys from the environment, found again by a keyed fingerprint (CONTRACT 6); and
files that wait to be imported, which hold what must not be stored in clear (CONTRACT 4)."""

import base64
import hmac
import zlib
from functools import lru_cache
from hashlib import sha256

from cryptography.fernet import Fernet, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings


def encrypt(account: str) -> str:
    """Ciphertext of `account` under the newest of PAYOUT_DETAILS_KEYS."""
    return _get_cipher(tuple(settings.PAYOUT_DETAILS_KEYS)).encrypt(account.encode()).decode("ascii")


def decrypt(encrypted: str) -> str:
    """The account behind `encrypted`, under any of PAYOUT_DETAILS_KEYS; InvalidToken where none of them made it."""
    return _get_cipher(tuple(settings.PAYOUT_DETAILS_KEYS)).decrypt(encrypted.encode("ascii")).decode()


def rotate(encrypted: str) -> str:
    """The same account encrypted anew under the newest key, so that older keys can be taken away."""
    return _get_cipher(tuple(settings.PAYOUT_DETAILS_KEYS)).rotate(encrypted.encode("ascii")).decode("ascii")


def seal(content: bytes) -> bytes:
    """Ciphertext of a file's content, compressed."""
    return _get_cipher(tuple(settings.PAYOUT_DETAILS_KEYS)).encrypt(zlib.compress(content, 1))


def unseal(sealed: bytes) -> bytes:
    """The content behind what `seal` made; InvalidToken where none of the keys made it."""
    return zlib.decompress(_get_cipher(tuple(settings.PAYOUT_DETAILS_KEYS)).decrypt(sealed))


def compute_fingerprint(account: str) -> str:
    """A keyed hash of `account`: equal for equal accounts, and useless without PERSONAL_HASH_KEY (RELIABILITY 3)."""
    key = f"payout account:{settings.PERSONAL_HASH_KEY}".encode()
    return hmac.new(key, account.encode(), sha256).hexdigest()


@lru_cache(maxsize=8)
def _get_cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive_fernet_key(key)) for key in keys])


def _derive_fernet_key(key: str) -> bytes:
    # A key may be any long text; Fernet wants exactly 32 bytes, and bytes that serve nothing else.
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"accord payout details").derive(key.encode())
    return base64.urlsafe_b64encode(derived)
