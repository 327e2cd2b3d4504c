"""Limits of messages and of the e-mails about new commissions, part of config/settings.py."""

from config.environment import read_integer

# Messages that one affiliate may write to the program in an hour.
MESSAGES_PER_HOUR = read_integer("MESSAGES_PER_HOUR", 20, minimum=1)
# E-mails about new commissions to one affiliate in an hour; the last of them names all that are left.
SALE_EMAILS_PER_HOUR = read_integer("SALE_EMAILS_PER_HOUR", 5, minimum=1)
