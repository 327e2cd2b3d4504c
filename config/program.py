"""The program: its name, its clicks, its limits and the thresholds of signals, part of config/settings.py."""

from pathlib import Path

from config.environment import BASE_DIR, DEBUG, env, read_boolean, read_integer, read_word

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
# Where each web process keeps clicks while the database is unavailable, and how many MiB at most.
CLICK_SPOOL_DIR = Path(env.str("CLICK_SPOOL_DIR", default=str(BASE_DIR / ".local" / "clicks")))
CLICK_SPOOL_MEGABYTES = read_integer("CLICK_SPOOL_MEGABYTES", 1024, minimum=1)

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
