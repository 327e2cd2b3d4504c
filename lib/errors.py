"""Exceptions that all apps share."""


class NotAllowed(Exception):
    """A change is not possible now. The text says why; pages and the admin show it as a message."""
