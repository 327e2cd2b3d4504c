"""Every environment variable, with its default and meaning: the source of docs/configuration.md."""

from typing import NamedTuple


class Variable(NamedTuple):
    """An environment variable; `default` is what the page says, for a number the number itself."""

    name: str
    default: str
    meaning: str


SECTIONS: dict[str, tuple[Variable, ...]] = {
    "Required in production": (
        Variable(
            "SECRET_KEY",
            "required",
            "At least 50 random characters. All other keys are derived from it unless they are set.",
        ),
        Variable("DATABASE_URL", "required", "`postgres://user:password@host/name`, PostgreSQL 15 or later."),
        Variable("REDIS_URL", "required", "`redis://host:6379/0`: broker and cache, Valkey or Redis."),
        Variable("BASE_URL", "required", "Public address of the portal, such as `https://affiliates.example.com`."),
        Variable("ALLOWED_HOSTS", "required", "Hosts that the portal answers to, separated by commas."),
        Variable("EMAIL_URL", "required", "`smtp+tls://user:password@host:587`, or another form of django-environ."),
    ),
    "Program": (
        Variable("PROGRAM_NAME", "`Accord`", "Name of the program on pages, in e-mails and in the agreement."),
        Variable(
            "DEFAULT_FROM_EMAIL",
            "`affiliates@localhost`",
            "Sender of all e-mails, `name <address>` or an address, which gets the name of the program.",
        ),
        Variable(
            "STAFF_ALERT_EMAILS", "superusers", "Recipients of alerts and of the daily list, separated by commas."
        ),
        Variable(
            "CONTACT_EMAIL",
            "that of `DEFAULT_FROM_EMAIL`",
            "Address for questions: on every page and in every e-mail, and where replies go.",
        ),
        Variable("CONTACT_URL", "none", "Help page or contact form, in the footer and in e-mails."),
        Variable("IMPRINT_URL", "none", "Page with the company's legal details, in the footer and in e-mails."),
        Variable("PRIVACY_URL", "none", "Privacy policy, in the footer and in e-mails."),
        Variable("SEPA_DEBTOR_NAME", "none", "Name of the paying account in SEPA files, for programs in EUR."),
        Variable("SEPA_DEBTOR_IBAN", "none", "IBAN of the paying account in SEPA files."),
    ),
    "Tracking": (
        Variable("CLICK_BASE_URL", "`BASE_URL`", "Address of tracking links, if they have a host of their own."),
        Variable("CLICK_ID_PARAMETER", "`click_id`", "Query parameter that carries the click id to the link's target."),
        Variable(
            "LINK_UTM_SOURCE",
            "`affiliate`",
            "`utm_source` of links whose target has none, so that WooCommerce notices the visit; empty adds none.",
        ),
        Variable(
            "CLICK_RETENTION_DAYS",
            "400",
            "How long single clicks are kept, rounded up to whole months; 0 keeps them. Reports stay.",
        ),
        Variable(
            "CLICK_FLOOD_PER_MINUTE",
            "120",
            "More clicks a minute from one address are a flood: redirected, not counted.",
        ),
        Variable(
            "CLICK_SPOOL_DIR",
            "`clicks` in `STATE_DIR`",
            "Directory where each web process keeps clicks while the database is away.",
        ),
        Variable("CLICK_SPOOL_MEGABYTES", "1024", "Largest size of these files together, in MiB."),
    ),
    "Keys": (
        Variable(
            "SECRET_KEY_FALLBACKS",
            "none",
            "Former values of `SECRET_KEY`, newest first: what they have signed or encrypted stays valid.",
        ),
        Variable(
            "CLICK_ID_KEYS",
            "`derived`",
            "Keys that sign click ids, newest first, each at least 32 random characters; old ones still verify. "
            "The word `derived` means those made from `SECRET_KEY`, here and in the next row.",
        ),
        Variable(
            "PAYOUT_DETAILS_KEYS",
            "`derived`",
            "Keys that encrypt payout details, secrets of shops and waiting files, newest first, each at least 32 random "
            "characters; old ones still decrypt.",
        ),
        Variable(
            "PERSONAL_HASH_KEY",
            "`derived`",
            "Key of the hashes of customer references and payout accounts, at least 32 random characters. It cannot be "
            "rotated.",
        ),
    ),
    "Limits and thresholds": (
        Variable(
            "API_REQUESTS_PER_MINUTE",
            "120000",
            "Requests with one API key; more get 429 with `Retry-After`. 0 sets no limit.",
        ),
        Variable("ABUSE_REPORTS_PER_HOUR", "5", "Public abuse reports from one address."),
        Variable(
            "CHANNEL_PREVIEWS",
            "1",
            "0: the worker does not fetch title and description of the channels of applicants. It never fetches from "
            "private networks.",
        ),
        Variable("ORDER_LOOKUPS_PER_HOUR", "100", "Order numbers that one affiliate may look up."),
        Variable("MESSAGES_PER_HOUR", "20", "Messages that one affiliate may write to the program."),
        Variable(
            "SALE_EMAILS_PER_HOUR",
            "5",
            "E-mails about new commissions to one affiliate who wants them; the last one names all that are left.",
        ),
        Variable("SIGNAL_DAYS", "30", "Days that the detectors of signals look back."),
        Variable("SIGNAL_SAME_PAYOUT_DETAILS", "2", "Affiliates with the same payout details."),
        Variable("SIGNAL_SELF_PURCHASES", "1", "Orders with the affiliate's own customer reference."),
        Variable("SIGNAL_CLICKS_FROM_ONE_NETWORK", "500", "Clicks from one shortened address."),
        Variable("SIGNAL_QUICK_ORDER_SECONDS", "30", "An order this soon after its click is quick."),
        Variable("SIGNAL_QUICK_ORDERS", "3", "Quick orders."),
        Variable("SIGNAL_CONVERSION_PERCENT", "40", "Conversion rate above this, in percent ..."),
        Variable("SIGNAL_CONVERSION_CLICKS", "50", "... from this many clicks on."),
        Variable("SIGNAL_CLICKS_WITHOUT_ORDER", "10000", "Clicks without a single order."),
        Variable("SIGNAL_UNDECLARED_CLICKS", "25", "Clicks from sites that the affiliate has not declared."),
        Variable("UNUSUAL_PAYOUT", "5000", "The dry run of a close marks payouts of at least this amount."),
        Variable(
            "UNUSUAL_EARNINGS_FACTOR", "10", "It also marks earnings of this many times the average of three months ..."
        ),
        Variable("UNUSUAL_EARNINGS_MINIMUM", "100", "... from this amount on."),
    ),
    "Security": (
        Variable(
            "DEBUG",
            "on in a bare checkout, else off",
            "Development: embedded servers, no second factor required, no HTTPS redirect.",
        ),
        Variable(
            "SHOP_API_LOOPBACK",
            "off",
            "With `DEBUG`, the APIs of shops may be on this machine and without HTTPS, to try a connection.",
        ),
        Variable(
            "STAFF_MFA_REQUIRED",
            "on unless `DEBUG`",
            "Staff must sign in with a second factor. Where an account has one, it is needed in any case.",
        ),
        Variable(
            "TRUSTED_PROXIES",
            "0",
            "Number of your proxies in front of the application. This many entries of `X-Forwarded-For` are believed.",
        ),
        Variable("CSRF_TRUSTED_ORIGINS", "`BASE_URL`", "Origins that forms may be posted from, separated by commas."),
        Variable("SECURE_SSL_REDIRECT", "on unless `DEBUG`", "Redirect HTTP to HTTPS."),
        Variable(
            "SECURE_HSTS_SECONDS", "a year, 0 with `DEBUG`", "Lifetime of the `Strict-Transport-Security` header."
        ),
        Variable(
            "SECURE_HSTS_INCLUDE_SUBDOMAINS",
            "on unless `DEBUG`",
            "The header also covers subdomains of the portal's host. Turn it off if one of them has no HTTPS.",
        ),
        Variable("SECURE_HSTS_PRELOAD", "on unless `DEBUG`", "The header allows browsers to list the host in advance."),
        Variable(
            "SECURITY_CONTACT",
            "`mailto:` with `CONTACT_EMAIL`",
            "Whom to tell about a vulnerability, as `mailto:` or `https://`, for `/.well-known/security.txt`.",
        ),
    ),
    "Processes": (
        Variable("WEB_HOST", "`127.0.0.1`", "Address that web processes and click services listen on."),
        Variable("WEB_PORT", "8000", "Port of the web process."),
        Variable("WEB_PROCESSES", "1", "Web processes behind this port."),
        Variable(
            "WEB_THREADS",
            "64",
            "Threads of each web process. Each may use a database connection; a part of them waits for request bodies.",
        ),
        Variable("CLICK_PORT", "8001", "Port of the click service."),
        Variable("CLICK_PROCESSES", "1", "Click service processes behind this port."),
        Variable("WORKER_PROCESSES", "2", "Tasks that one worker runs at the same time."),
    ),
    "Directories": (
        Variable("STATE_DIR", "`.local`", "Directory that the processes may write to; the code may be read-only."),
        Variable(
            "STATIC_ROOT", "`static` in `STATE_DIR`", "Directory of the static files that a web process collects."
        ),
        Variable("MEDIA_ROOT", "`media` in `STATE_DIR`", "Directory of uploaded files."),
        Variable("BEAT_SCHEDULE_FILE", "`celerybeat-schedule` in `STATE_DIR`", "File in which beat keeps its times."),
    ),
    "Operation": (
        Variable(
            "DATABASE_OWNER_URL",
            "`DATABASE_URL`",
            "Database URL of the role that owns the tables; only `python -m config.serve migrate` uses it.",
        ),
        Variable(
            "MIGRATION_LOCK_SECONDS",
            "1",
            "How long a migration waits for a lock before it gives up, so that it never holds up the portal for longer.",
        ),
        Variable("DATABASE_CONNECTION_SECONDS", "60", "How long a database connection is kept open."),
        Variable(
            "DATABASE_REPLICA_URL", "none", "A streaming replica that reports, lists and CSV files are read from."
        ),
        Variable(
            "DATABASE_REPLICA_LAG_SECONDS",
            "5",
            "A replica that is further behind than this is not read; the primary answers instead.",
        ),
        Variable("TEST_DATABASE_NAME", "`test_accord`", "Database of the tests."),
        Variable("SENTRY_DSN", "none", "Where unexpected errors are reported, without personal data."),
        Variable(
            "METRICS_NETWORKS", "`127.0.0.0/8,::1`", "Networks from which `/metrics` may be read, separated by commas."
        ),
        Variable(
            "WORKER_METRICS_ADDRESS",
            "none",
            "Host and port, such as `127.0.0.1:9102`, at which the worker serves its own `/metrics`.",
        ),
        Variable(
            "RUNTIME_DIR",
            "`RUNTIME_DIRECTORY`, or `run` in `STATE_DIR`",
            "Directory of files that mean nothing once the processes have ended: heartbeats and metrics.",
        ),
        Variable(
            "LOG_LEVEL", "`INFO`", "Lowest level that is logged, by all processes: DEBUG, INFO, WARNING or ERROR."
        ),
        Variable("LOG_FORMAT", "`json`, `text` with `DEBUG`", "`json`: one object a line; `text`: lines for people."),
        Variable("PORT", "8000", "Port of `make run`."),
        Variable("DEMO", "1", "0 starts `make run` without the demo program."),
        Variable(
            "EMBEDDED_GRACE_SECONDS", "10", "How long the embedded servers outlive the last process that uses them."
        ),
    ),
}


def render_page() -> str:
    """Return docs/configuration.md."""
    parts = [
        "# Configuration",
        "",
        "Everything that differs between deployments comes from environment variables, or from a file `.env` beside",
        "`manage.py`. Missing and malformed variables stop the start with a message that names them all. If none of",
        "`SECRET_KEY`, `DATABASE_URL` and `REDIS_URL` is set, the checkout is a trial: `DEBUG` is on and the embedded",
        "servers are used.",
        "",
        "`make docs` writes this page from `config/variables.py`.",
    ]
    for title, variables in SECTIONS.items():
        parts += ["", f"## {title}", "", "| variable | default | meaning |", "| --- | --- | --- |"]
        parts += [f"| `{variable.name}` | {variable.default} | {variable.meaning} |" for variable in variables]
    return "\n".join(parts) + "\n"
