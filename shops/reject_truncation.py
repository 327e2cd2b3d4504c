"""Truncation of rejected rows for the rejects inbox: oversized texts keep their beginning and their length."""

# The longest text of a snapshot has 500 characters, so a text cut to this length is still rejected as too long.
MAX_TEXT_CHARACTERS = 1_000
# Of a line that is not JSON. An order of 1,000 lines is shorter.
MAX_LINE_CHARACTERS = 1_000_000
# A snapshot nests three levels deep. A truncated row must still be rejected, and must not exhaust the stack.
MAX_DEPTH = 20
TOO_DEEP = ["(nested deeper)"]
DUPLICATE_KEY = "(duplicate key)"


def truncate_row(value: object, depth: int = 0) -> object:
    """Return a parsed JSON value with every text and key cut to `MAX_TEXT_CHARACTERS`, and to `MAX_DEPTH` levels.

    An object with a duplicate key gets the key `DUPLICATE_KEY`; without it, the row would be accepted if resent.
    """
    # An oversized text would be copied several times on its way into the inbox, where only its beginning is read.
    if isinstance(value, str):
        return truncate_text(value, MAX_TEXT_CHARACTERS)
    if depth >= MAX_DEPTH and isinstance(value, (dict, list)):
        return TOO_DEEP
    if isinstance(value, dict):
        kept = {truncate_text(key, MAX_TEXT_CHARACTERS): truncate_row(item, depth + 1) for key, item in value.items()}
        duplicate = getattr(value, "duplicate_key", None)
        return kept if duplicate is None else kept | {DUPLICATE_KEY: truncate_text(duplicate, MAX_TEXT_CHARACTERS)}
    if isinstance(value, list):
        return [truncate_row(item, depth + 1) for item in value]
    return value


def truncate_text(text: str, most: int) -> str:
    """Return `text`, or its first `most` characters and the number of characters."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"
