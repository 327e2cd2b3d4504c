"""What a page says to the eye."""

import re


def remove_screen_reader_text(html: str) -> str:
    """The page without the words that are for screen readers alone."""
    return re.sub(r'<span class="visually-hidden">[^<]*</span>', "", html)
