"""From how many on: the settings that limit and raise, from the environment as all others."""

from config.environment import whole

# With one API key; then 429 with Retry-After. 0 sets no limit.
API_REQUESTS_PER_MINUTE = whole("API_REQUESTS_PER_MINUTE", 120_000)
# So many reports of abuse by the public are taken from one network in an hour.
ABUSE_REPORTS_PER_HOUR = whole("ABUSE_REPORTS_PER_HOUR", 5, least=1)
# So many questions about orders by their number are answered to one affiliate in an hour.
ORDER_QUESTIONS_PER_HOUR = whole("ORDER_QUESTIONS_PER_HOUR", 100, least=1)
# Signals (CONTRACT 8): over how many days they look, and from how many on each is raised.
SIGNAL_DAYS = whole("SIGNAL_DAYS", 30, least=1)
SIGNAL_SAME_PAYOUT_DETAILS = whole("SIGNAL_SAME_PAYOUT_DETAILS", 2, least=2)
SIGNAL_SELF_PURCHASES = whole("SIGNAL_SELF_PURCHASES", 1, least=1)
SIGNAL_CLICKS_FROM_ONE_NETWORK = whole("SIGNAL_CLICKS_FROM_ONE_NETWORK", 500, least=1)
SIGNAL_QUICK_ORDER_SECONDS = whole("SIGNAL_QUICK_ORDER_SECONDS", 30, least=1)
SIGNAL_QUICK_ORDERS = whole("SIGNAL_QUICK_ORDERS", 3, least=1)
SIGNAL_CONVERSION_PERCENT = whole("SIGNAL_CONVERSION_PERCENT", 40, least=1)
SIGNAL_CONVERSION_CLICKS = whole("SIGNAL_CONVERSION_CLICKS", 50, least=1)
SIGNAL_CLICKS_WITHOUT_ORDER = whole("SIGNAL_CLICKS_WITHOUT_ORDER", 10_000, least=1)
SIGNAL_UNDECLARED_CLICKS = whole("SIGNAL_UNDECLARED_CLICKS", 25, least=1)
