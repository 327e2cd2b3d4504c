"""From how many on: the settings that limit and raise, from the environment as all others."""

from config.environment import read_integer

# With one API key; then 429 with Retry-After. 0 sets no limit.
API_REQUESTS_PER_MINUTE = read_integer("API_REQUESTS_PER_MINUTE", 120_000)
# So many reports of abuse by the public are taken from one network in an hour.
ABUSE_REPORTS_PER_HOUR = read_integer("ABUSE_REPORTS_PER_HOUR", 5, minimum=1)
# So many questions about orders by their number are answered to one affiliate in an hour.
ORDER_LOOKUPS_PER_HOUR = read_integer("ORDER_LOOKUPS_PER_HOUR", 100, minimum=1)
# Signals (CONTRACT 8): over how many days they look, and from how many on each is raised.
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
