"""Addresses, security headers, static files and limits of requests, part of config/settings.py."""

from config import content_security
from config.environment import (
    BASE_DIR,
    DEBUG,
    env,
    read_address,
    read_boolean,
    read_integer,
    read_required,
    report_error,
)

BASE_URL = read_address("BASE_URL", read_required("BASE_URL", f"http://localhost:{env.str('PORT', default='8000')}"))
# The host of tracking links: a separate one in production, otherwise the portal's.
CLICK_BASE_URL = read_address("CLICK_BASE_URL", BASE_URL)
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if DEBUG else [])
if not DEBUG and not ALLOWED_HOSTS:
    report_error("ALLOWED_HOSTS must be set when DEBUG is off")
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL])
# The number of our own proxies in front of the application, and so of trusted entries in X-Forwarded-For.
TRUSTED_PROXIES = read_integer("TRUSTED_PROXIES", 0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = read_boolean("SECURE_SSL_REDIRECT", not DEBUG)
SECURE_HSTS_SECONDS = read_integer("SECURE_HSTS_SECONDS", 0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = read_boolean("SECURE_HSTS_INCLUDE_SUBDOMAINS", not DEBUG)
SECURE_HSTS_PRELOAD = read_boolean("SECURE_HSTS_PRELOAD", not DEBUG)
SECURE_REFERRER_POLICY = "strict-origin-when-cross-origin"
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEBUG
SESSION_COOKIE_HTTPONLY = True
X_FRAME_OPTIONS = "DENY"
DATA_UPLOAD_MAX_MEMORY_SIZE = 11 * 1024 * 1024
CONTENT_SECURITY_POLICY = content_security.POLICY
ADMIN_CONTENT_SECURITY_POLICY = content_security.ADMIN_POLICY
# A draft agreement is one form: seven fields per clause and six per category, of which a retailer may have hundreds.
DATA_UPLOAD_MAX_NUMBER_FIELDS = 10_000
STATIC_URL = "static/"
STATICFILES_DIRS = [BASE_DIR / "static"]
STORAGES = {
    "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
    "staticfiles": {
        "BACKEND": "django.contrib.staticfiles.storage.StaticFilesStorage"
        if DEBUG
        else "whitenoise.storage.CompressedManifestStaticFilesStorage"
    },
}
WHITENOISE_USE_FINDERS = DEBUG
