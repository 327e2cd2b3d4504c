"""Encryption of payout accounts and of files that wait to be imported, and fingerprints of accounts (specification 6).

Keys come from the environment. A fingerprint finds equal accounts without decrypting any.
"""

import base64
import hmac
import zlib
from contextlib import suppress
from datetime import UTC, datetime
from functools import lru_cache
from hashlib import sha256

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from django.conf import settings
from django.utils.translation import gettext as _

from lib.errors import NotAllowed


def encrypt(account: str) -> str:
    """Encrypt `account` with the newest of PAYOUT_DETAILS_KEYS."""
    return _get_cipher(tuple(settings.PAYOUT_DETAILS_KEYS)).encrypt(account.encode()).decode("ascii")


class UnreadableError(NotAllowed, InvalidToken):
    """No key of PAYOUT_DETAILS_KEYS fits: one was removed too early. Nothing is lost while it exists somewhere."""

    def __init__(self) -> None:
        super().__init__(
            _("Encrypted data cannot be read: PAYOUT_DETAILS_KEYS lacks the key that encrypted it. Add that key again.")
        )


def decrypt(encrypted: str) -> str:
    """Decrypt an account with any of PAYOUT_DETAILS_KEYS.

    Raises UnreadableError if none of them fits.
    """
    return _decrypt(encrypted.encode("ascii")).decode()


def reencrypt(encrypted: bytes) -> bytes:
    """Encrypt what any of these functions has encrypted again with the newest key, so that older keys can be removed.

    Raises InvalidToken if none of the keys fits.
    """
    return _get_cipher(tuple(settings.PAYOUT_DETAILS_KEYS)).rotate(encrypted)


def find_key(encrypted: bytes) -> int:
    """Return the position in PAYOUT_DETAILS_KEYS of the key that fits.

    Raises InvalidToken if none does.
    """
    for position, key in enumerate(settings.PAYOUT_DETAILS_KEYS):
        with suppress(InvalidToken):
            _get_cipher((key,)).decrypt(encrypted)
            return position
    raise InvalidToken


def read_time(encrypted: bytes) -> datetime:
    """Return when the content was encrypted first, which encrypting it again does not change."""
    seconds = int.from_bytes(base64.urlsafe_b64decode(encrypted[:12])[1:9])
    return datetime.fromtimestamp(seconds, tz=UTC)


def seal(content: bytes) -> bytes:
    """Compress and encrypt the content of a file."""
    return _get_cipher(tuple(settings.PAYOUT_DETAILS_KEYS)).encrypt(zlib.compress(content, 1))


def unseal(sealed: bytes) -> bytes:
    """Return the content that `seal` encrypted.

    Raises UnreadableError if none of the keys fits.
    """
    return zlib.decompress(_decrypt(sealed))


def compute_fingerprint(account: str) -> str:
    """Return a keyed hash of `account`: equal for equal accounts, useless without PERSONAL_HASH_KEY."""
    key = f"payout account:{settings.PERSONAL_HASH_KEY}".encode()
    return hmac.new(key, account.encode(), sha256).hexdigest()


def _decrypt(encrypted: bytes) -> bytes:
    try:
        return _get_cipher(tuple(settings.PAYOUT_DETAILS_KEYS)).decrypt(encrypted)
    except InvalidToken:
        raise UnreadableError from None


@lru_cache(maxsize=32)
def _get_cipher(keys: tuple[str, ...]) -> MultiFernet:
    return MultiFernet([Fernet(_derive_fernet_key(key)) for key in keys])


def _derive_fernet_key(key: str) -> bytes:
    # A key may be any long text; Fernet needs exactly 32 bytes, derived for this purpose only.
    derived = HKDF(algorithm=SHA256(), length=32, salt=None, info=b"accord payout details").derive(key.encode())
    return base64.urlsafe_b64encode(derived)
