"""What the rejects inbox keeps of texts that no order has: their beginning, and how long they were."""

# The longest text of a snapshot has 500 characters: what is cut to this is still refused as too long.
MAX_TEXT_CHARACTERS = 1_000
# A line that is no JSON is kept whole up to this: an order of a thousand lines is shorter.
MAX_LINE_CHARACTERS = 1_000_000
# A snapshot nests three levels deep. What is kept must be refused again, and has no depth that anybody's stack could not go.
MAX_DEPTH = 20
TOO_DEEP = ["(nested deeper)"]
DUPLICATE_KEY = "(duplicate key)"


def truncate_row(value: object, depth: int = 0) -> object:
    """`value`, as parsed from JSON, with every text and key in it cut to MOST_CHARACTERS, and to DEEPEST levels.

    An object in which a key stood twice says so by a key of its own: without it, the row would be taken if sent again.

    A refused text of ten megabytes would else be copied half a dozen times on its way into the inbox, where nobody reads
    more than its beginning.
    """
    if isinstance(value, str):
        return truncate_text(value, MAX_TEXT_CHARACTERS)
    if depth >= MAX_DEPTH and isinstance(value, (dict, list)):
        return TOO_DEEP
    if isinstance(value, dict):
        kept = {truncate_text(key, MAX_TEXT_CHARACTERS): truncate_row(one, depth + 1) for key, one in value.items()}
        twice = getattr(value, "duplicate_key", None)
        return kept if twice is None else kept | {DUPLICATE_KEY: truncate_text(twice, MAX_TEXT_CHARACTERS)}
    if isinstance(value, list):
        return [truncate_row(one, depth + 1) for one in value]
    return value


def truncate_text(text: str, most: int) -> str:
    """`text`, or its first `most` characters and how many there were."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"
