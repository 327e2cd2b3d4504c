"""What every room refuses by name."""


class NotAllowed(Exception):
    """A change that cannot be made now; its text says why, to people. The admin and the pages show it as a message."""
