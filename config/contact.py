"""How people reach the program, and its legal pages; they are shown on every page and in every e-mail (specification 10)."""

from email.utils import parseaddr

from config.environment import env, report_error

__all__ = ["CONTACT_EMAIL", "CONTACT_URL", "DEFAULT_FROM_EMAIL", "IMPRINT_URL", "PRIVACY_URL"]


def read_url(name: str) -> str:
    """Return the variable `name` as the URL of a page, or "" if it is unset."""
    url: str = env.str(name, default="")
    if url and not url.startswith(("https://", "http://")):
        report_error(f"{name} must start with https:// or http://, not {url!r}")
    return url


def read_email(name: str) -> str:
    """Return the variable `name` as an e-mail address, or "" if it is unset."""
    address: str = env.str(name, default="")
    local, _at, domain = address.partition("@")
    if address and (not local or not domain or "@" in domain or len(address.split()) > 1):
        report_error(f"{name} must be one e-mail address, not {address!r}")
    return address


DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="affiliates@localhost")
if "@" not in parseaddr(DEFAULT_FROM_EMAIL)[1]:
    report_error(f"DEFAULT_FROM_EMAIL must be an e-mail address, not {DEFAULT_FROM_EMAIL!r}")
CONTACT_EMAIL = read_email("CONTACT_EMAIL") or parseaddr(DEFAULT_FROM_EMAIL)[1]
CONTACT_URL = read_url("CONTACT_URL")
IMPRINT_URL = read_url("IMPRINT_URL")
PRIVACY_URL = read_url("PRIVACY_URL")
