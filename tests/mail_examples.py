"""Comparison of queued e-mails with the examples of the gallery, which stay true by it."""

from collections import defaultdict
from collections.abc import Iterable

from mail.models import Message
from portal.mail_gallery.examples import list_examples


def find_unlike_examples(messages: Iterable[Message]) -> dict[str, set[str]]:
    """Return by kind which values the messages have and no example of the kind, or the other way round."""
    examples: dict[str, set[str]] = defaultdict(set)
    for example in list_examples():
        examples[example.kind] |= set(example.context)
    queued: dict[str, set[str]] = defaultdict(set)
    for message in messages:
        queued[message.kind] |= set(message.context)
    # Every example has these.
    common = {"name", "code", "agreement"}
    unlike = {kind: (names ^ examples[kind]) - common for kind, names in queued.items()}
    return {kind: names for kind, names in unlike.items() if names}
