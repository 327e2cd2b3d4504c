"""What a page says to the eye."""

import re


def seen(html: str) -> str:
    """The page without the words that are for screen readers alone."""
    return re.sub(r'<span class="visually-hidden">[^<]*</span>', "", html)
