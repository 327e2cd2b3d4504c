"""All settings, read from the environment (docs/configuration.md).

Missing and malformed variables stop the start with a message that names them all. Sections of some length are modules of
their own.
"""

from django.urls import reverse_lazy

from config import (
    admin_theme,
    databases,
    keys,
    language_catalogs,
    mail_server,
    observability,
    program,
    replica,
    sign_in,
)
from config.applications import *  # noqa: F403 -- its names are settings
from config.contact import *  # noqa: F403 -- its names are settings
from config.contact import CONTACT_EMAIL
from config.environment import (
    BASE_DIR,
    DEBUG,
    env,
    raise_errors,
    read_boolean,
    read_integer,
    read_required,
    report_error,
)
from config.messages import *  # noqa: F403 -- its names are settings
from config.processes import *  # noqa: F403 -- its names are settings
from config.program import *  # noqa: F403 -- its names are settings
from config.replica import *  # noqa: F403 -- its names are settings
from config.web import *  # noqa: F403 -- its names are settings

# --- Secrets -----------------------------------------------------------------------------------------------------

SECRET_KEY = read_required("SECRET_KEY", keys.DEVELOPMENT_KEY)
# Still verify sessions, links in e-mails and what derived keys have signed or encrypted, newest first.
SECRET_KEY_FALLBACKS: list[str] = env.list("SECRET_KEY_FALLBACKS", default=[])
# Newest first: the first key signs and encrypts, all of them verify and decrypt, so that keys can be rotated.
CLICK_ID_KEYS = keys.read_keys("CLICK_ID_KEYS", "click id", [SECRET_KEY, *SECRET_KEY_FALLBACKS])
PAYOUT_DETAILS_KEYS = keys.read_keys("PAYOUT_DETAILS_KEYS", "payout details", [SECRET_KEY, *SECRET_KEY_FALLBACKS])
# Derived from the oldest key, because it must never change: what it has hashed cannot be hashed again.
PERSONAL_HASH_KEY = keys.read_keys("PERSONAL_HASH_KEY", "personal hash", [SECRET_KEY, *SECRET_KEY_FALLBACKS])[-1]
DERIVED_KEYS = keys.list_derived()
WEAK_KEYS = keys.list_weak_keys(
    SECRET_KEY=[SECRET_KEY, *SECRET_KEY_FALLBACKS] if SECRET_KEY else [],
    CLICK_ID_KEYS=CLICK_ID_KEYS,
    PAYOUT_DETAILS_KEYS=PAYOUT_DETAILS_KEYS,
    PERSONAL_HASH_KEY=[PERSONAL_HASH_KEY],
)
if not DEBUG:
    keys.report_weak_keys(WEAK_KEYS)

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
DATABASES |= replica.build_replica(DATABASES["default"])
MIGRATION_LOCK_SECONDS = read_integer("MIGRATION_LOCK_SECONDS", 1, minimum=1)
if REDIS_URL and not REDIS_URL.startswith(("redis://", "rediss://", "unix://")):
    report_error("REDIS_URL must start with redis://, rediss:// or unix://")
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
    *("audit", "accounts", "mail", "affiliates", "agreements", "tracking", "payouts", "compliance", "creatives"),
    *("shops", "messaging", "portal"),
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
    "lib.replica.own_writes_middleware",
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

# --- Language and time -------------------------------------------------------------------------------------------

LANGUAGE_CODE = "en"
LOCALE_PATHS = [BASE_DIR / "locale"]
LANGUAGES = language_catalogs.list_languages(LOCALE_PATHS[0])
TIME_ZONE, USE_TZ = "UTC", True
# XK is no code of ISO 3166, but the one that banks and shops use for Kosovo.
COUNTRIES_OVERRIDE = {"US": "United States", "XK": "Kosovo"}
FORMAT_MODULE_PATH = ["config.formats"]
SHOW_COMPONENTS = DEBUG  # at /dev/components/

# --- Mail --------------------------------------------------------------------------------------------------------

EMAIL_URL: str = read_required("EMAIL_URL", "dummymail://")  # in a trial, /dev/mail/ shows what was sent
vars().update(mail_server.read_url(EMAIL_URL))
EMAIL_TIMEOUT = 20
SHOW_SENT_MAIL = DEBUG
SECURITY_CONTACT: str = env.str("SECURITY_CONTACT", default=f"mailto:{CONTACT_EMAIL}")
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

# --- Observability and theme ---------------------------------------------------------------------------------------

LOGGING = observability.LOGGING
METRICS_NETWORKS = observability.METRICS_NETWORKS
RUNTIME_DIR = observability.RUNTIME_DIR
UNFOLD = admin_theme.build_settings(program.PROGRAM_NAME)

raise_errors()
