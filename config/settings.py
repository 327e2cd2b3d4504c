"""All settings, read from the environment (docs/configuration.md).

A missing or malformed variable stops the start with a message that names it.
"""

import hashlib
from pathlib import Path

import environ
from django.core.exceptions import ImproperlyConfigured
from django.urls import reverse_lazy

from config import admin_theme, content_security, databases, keys, language_catalogs, observability, sign_in
from config.environment import BASE_DIR, DEBUG, env, read_boolean, read_integer, read_required, read_word
from config.processes import *  # noqa: F403 -- ports, numbers of processes and directories are settings too

# --- Secrets -----------------------------------------------------------------------------------------------------

SECRET_KEY = read_required("SECRET_KEY", keys.DEVELOPMENT_KEY)


def derive_key(purpose: str) -> str:
    """Return a key for one purpose, so that leaking it reveals no other key."""
    return hashlib.sha256(f"{purpose}:{SECRET_KEY}".encode()).hexdigest()


# Newest first: the first key signs and encrypts, all of them verify and decrypt, so that keys can be rotated.
CLICK_ID_KEYS: list[str] = env.list("CLICK_ID_KEYS", default=[derive_key("click id")])
PAYOUT_DETAILS_KEYS: list[str] = env.list("PAYOUT_DETAILS_KEYS", default=[derive_key("payout details")])
PERSONAL_HASH_KEY: str = env.str("PERSONAL_HASH_KEY", default=derive_key("personal hash"))
if not DEBUG:
    keys.require_strong_keys(
        SECRET_KEY,
        {
            "CLICK_ID_KEYS": CLICK_ID_KEYS,
            "PAYOUT_DETAILS_KEYS": PAYOUT_DETAILS_KEYS,
            "PERSONAL_HASH_KEY": [PERSONAL_HASH_KEY],
        },
    )

# --- Stores ------------------------------------------------------------------------------------------------------

DATABASE_URL = read_required("DATABASE_URL", "")
REDIS_URL = read_required("REDIS_URL", "")
if DEBUG and not (DATABASE_URL and REDIS_URL):
    from config import embedded

    DATABASE_URL = DATABASE_URL or embedded.get_database_url(BASE_DIR / ".local")
    REDIS_URL = REDIS_URL or embedded.get_redis_url(BASE_DIR / ".local")
DATABASES = databases.build_databases(
    DATABASE_URL,
    connection_seconds=read_integer("DATABASE_CONNECTION_SECONDS", 60),
    test_name=env.str("TEST_DATABASE_NAME", default="test_accord"),
)
if not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    raise ImproperlyConfigured("REDIS_URL must start with redis://, rediss:// or unix://")
DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
CACHES = {
    "default": {
        "BACKEND": "lib.fallback_cache.FallbackCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "accord",
        "OPTIONS": {"socket_connect_timeout": 1, "socket_timeout": 1},
    }
}
# Sessions are kept in the database, so that flushing Valkey signs no one out.
SESSION_ENGINE = "django.contrib.sessions.backends.db"

# --- Apps and middleware ------------------------------------------------------------------------------------------

LOCAL_APPS = [
    *("audit", "accounts", "mail", "affiliates", "agreements", "tracking", "payouts", "compliance", "shops", "portal"),
]
INSTALLED_APPS = [
    "unfold",
    "unfold.contrib.filters",
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "whitenoise.runserver_nostatic",
    "django.contrib.staticfiles",
    "django.contrib.humanize",
    "django.forms",
    "django.contrib.postgres",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "csp",
    "django_countries",
    "django_filters",
    "django_tables2",
    "pgtrigger",
    *LOCAL_APPS,
]
MIDDLEWARE = [
    "portal.monitoring.request_log.middleware",
    "django.middleware.security.SecurityMiddleware",
    "csp.middleware.CSPMiddleware",
    "portal.middleware.permissions_policy_middleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "portal.middleware.machine_requests_middleware",
    "portal.static_files.StaticFilesMiddleware",
    "portal.middleware.frame_middleware",
    "portal.middleware.StoreUnavailableMiddleware",
    "portal.request_checks.address_middleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.locale.LocaleMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "portal.request_checks.private_cache_middleware",
    "portal.request_checks.request_body_middleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "portal.middleware.affiliate_language_middleware",
    "portal.middleware.staff_mfa_middleware",
]
DJANGO_TABLES2_TEMPLATE = "tables/accord.html"
ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "csp.context_processors.nonce",
                "portal.frame.add_frame",
            ],
            "builtins": ["portal.templatetags.accord"],
        },
    }
]
FORM_RENDERER = "portal.forms.FormRenderer"

# --- Accounts ------------------------------------------------------------------------------------------------------

AUTH_USER_MODEL = "accounts.User"
AUTHENTICATION_BACKENDS = ["allauth.account.auth_backends.AuthenticationBackend"]
PASSWORD_HASHERS = [
    "django.contrib.auth.hashers.Argon2PasswordHasher",
    "django.contrib.auth.hashers.PBKDF2PasswordHasher",
]
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
vars().update(sign_in.SETTINGS)
LOGIN_URL = reverse_lazy("account_login")
LOGIN_REDIRECT_URL = reverse_lazy("portal:after_sign_in")
# Staff need two-step verification wherever real money is paid.
STAFF_MFA_REQUIRED = read_boolean("STAFF_MFA_REQUIRED", not DEBUG)

# --- Web -----------------------------------------------------------------------------------------------------

BASE_URL = read_required("BASE_URL", f"http://localhost:{env.str('PORT', default='8000')}").rstrip("/")
if not BASE_URL.startswith(("http://", "https://")):
    raise ImproperlyConfigured("BASE_URL must start with http:// or https://")
# The host of tracking links: a separate one in production, otherwise the portal's.
CLICK_BASE_URL: str = env.str("CLICK_BASE_URL", default=BASE_URL).rstrip("/")
ALLOWED_HOSTS: list[str] = env.list("ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]"] if DEBUG else [])
if not DEBUG and not ALLOWED_HOSTS:
    raise ImproperlyConfigured("ALLOWED_HOSTS must be set when DEBUG is off")
CSRF_TRUSTED_ORIGINS: list[str] = env.list("CSRF_TRUSTED_ORIGINS", default=[BASE_URL])
# The number of our own proxies in front of the application, and so of trusted entries in X-Forwarded-For.
TRUSTED_PROXIES = read_integer("TRUSTED_PROXIES", 0)
if TRUSTED_PROXIES:
    SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
SECURE_SSL_REDIRECT = read_boolean("SECURE_SSL_REDIRECT", not DEBUG)
SECURE_HSTS_SECONDS = read_integer("SECURE_HSTS_SECONDS", 0 if DEBUG else 31_536_000)
SECURE_HSTS_INCLUDE_SUBDOMAINS = not DEBUG
SECURE_HSTS_PRELOAD = not DEBUG
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

# --- Language and time -------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = language_catalogs.list_languages(LOCALE_PATHS[0])
TIME_ZONE, USE_TZ = "UTC", True
# XK is no code of ISO 3166, but the one that banks and shops use for Kosovo.
COUNTRIES_OVERRIDE = {"US": "United States", "XK": "Kosovo"}
FORMAT_MODULE_PATH = ["config.formats"]

# --- Mail --------------------------------------------------------------------------------------------------------

EMAIL_URL: str = read_required("EMAIL_URL", "consolemail://")
try:
    vars().update(environ.Env.email_url_config(EMAIL_URL))
except Exception as error:  # noqa: BLE001 -- as above
    raise ImproperlyConfigured(f"EMAIL_URL is malformed: {error}") from None
EMAIL_TIMEOUT = 20
DEFAULT_FROM_EMAIL: str = env.str("DEFAULT_FROM_EMAIL", default="affiliates@localhost")
STAFF_ALERT_EMAILS: list[str] = env.list("STAFF_ALERT_EMAILS", default=[])

# --- Background tasks --------------------------------------------------------------------------------------

CELERY_BROKER_URL = REDIS_URL
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_TASK_TIME_LIMIT = 30 * 60
CELERY_TASK_SOFT_TIME_LIMIT = 28 * 60
CELERY_BROKER_TRANSPORT_OPTIONS = {"visibility_timeout": 3600}
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_TIMEZONE = "UTC"

# --- The program -------------------------------------------------------------------------------------------------

PROGRAM_NAME: str = env.str("PROGRAM_NAME", default="Accord")
# The debtor of SEPA files. Only programs in EUR need it.
SEPA_DEBTOR_NAME: str = env.str("SEPA_DEBTOR_NAME", default="")
SEPA_DEBTOR_IBAN: str = env.str("SEPA_DEBTOR_IBAN", default="").replace(" ", "")
# 0 keeps clicks forever.
CLICK_RETENTION_DAYS = read_integer("CLICK_RETENTION_DAYS", 400)
# A dry run of the close flags payouts of at least UNUSUAL_PAYOUT, and affiliates who earned at least
# UNUSUAL_EARNINGS_MINIMUM and at least UNUSUAL_EARNINGS_FACTOR times their average of the previous three months.
UNUSUAL_PAYOUT = read_integer("UNUSUAL_PAYOUT", 5_000, minimum=1)
UNUSUAL_EARNINGS_FACTOR = read_integer("UNUSUAL_EARNINGS_FACTOR", 10, minimum=2)
UNUSUAL_EARNINGS_MINIMUM = read_integer("UNUSUAL_EARNINGS_MINIMUM", 100)
# The APIs of shops may be on this machine, without HTTPS: for development only.
SHOP_API_LOOPBACK = DEBUG and read_boolean("SHOP_API_LOOPBACK", False)
# The query parameter that carries the click token in destination URLs.
CLICK_ID_PARAMETER = read_word("CLICK_ID_PARAMETER", "click_id")
LINK_UTM_SOURCE: str = env.str("LINK_UTM_SOURCE", default="affiliate")  # for destination URLs without one
# Clicks beyond this number from one address in a minute are redirected but not counted.
CLICK_FLOOD_PER_MINUTE = read_integer("CLICK_FLOOD_PER_MINUTE", 120, minimum=1)
# The largest size of CLICK_SPOOL_DIR, in MiB.
CLICK_SPOOL_MEGABYTES = read_integer("CLICK_SPOOL_MEGABYTES", 1024, minimum=1)

# --- Limits and signal thresholds --------------------------------------------------------------------------------

# Per API key; beyond it the API answers 429 with Retry-After. 0 means no limit.
API_REQUESTS_PER_MINUTE = read_integer("API_REQUESTS_PER_MINUTE", 120_000)
# Abuse reports accepted from one network in an hour.
ABUSE_REPORTS_PER_HOUR = read_integer("ABUSE_REPORTS_PER_HOUR", 5, minimum=1)
# Order lookups by order number answered to one affiliate in an hour.
ORDER_LOOKUPS_PER_HOUR = read_integer("ORDER_LOOKUPS_PER_HOUR", 100, minimum=1)
# Signals (specification 8): the days they look back, and the values from which each is raised.
SIGNAL_DAYS = read_integer("SIGNAL_DAYS", 30, minimum=1)
SIGNAL_SAME_PAYOUT_DETAILS = read_integer("SIGNAL_SAME_PAYOUT_DETAILS", 2, minimum=2)
SIGNAL_SELF_PURCHASES = read_integer("SIGNAL_SELF_PURCHASES", 1, minimum=1)
SIGNAL_CLICKS_FROM_ONE_NETWORK = read_integer("SIGNAL_CLICKS_FROM_ONE_NETWORK", 500, minimum=1)
SIGNAL_QUICK_ORDER_SECONDS = read_integer("SIGNAL_QUICK_ORDER_SECONDS", 30, minimum=1)
SIGNAL_QUICK_ORDERS = read_integer("SIGNAL_QUICK_ORDERS", 3, minimum=1)
SIGNAL_CONVERSION_PERCENT = read_integer("SIGNAL_CONVERSION_PERCENT", 40, minimum=1)
SIGNAL_CONVERSION_CLICKS = read_integer("SIGNAL_CONVERSION_CLICKS", 50, minimum=1)
SIGNAL_CLICKS_WITHOUT_ORDER = read_integer("SIGNAL_CLICKS_WITHOUT_ORDER", 10_000, minimum=1)
SIGNAL_UNDECLARED_CLICKS = read_integer("SIGNAL_UNDECLARED_CLICKS", 25, minimum=1)

# --- Observability and theme ---------------------------------------------------------------------------------------

LOGGING = observability.LOGGING
RUNTIME_DIR: Path = observability.RUNTIME_DIR
UNFOLD = admin_theme.build_settings(PROGRAM_NAME)
