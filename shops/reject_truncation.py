"""What the rejects inbox keeps of texts that no order has: their beginning, and how long they were."""

# The longest text of a snapshot has 500 characters: what is cut to this is still refused as too long.
MOST_CHARACTERS = 1_000
# A line that is no JSON is kept whole up to this: an order of a thousand lines is shorter.
MOST_OF_A_LINE = 1_000_000
# A snapshot nests three levels deep. What is kept must be refused again, and has no depth that anybody's stack could not go.
DEEPEST = 20
TOO_DEEP = ["(nested deeper)"]
TWICE = "(stands twice)"


def shortened(value: object, depth: int = 0) -> object:
    """`value`, as parsed from JSON, with every text and key in it cut to MOST_CHARACTERS, and to DEEPEST levels.

    An object in which a key stood twice says so by a key of its own: without it, the row would be taken if sent again.

    A refused text of ten megabytes would else be copied half a dozen times on its way into the inbox, where nobody reads
    more than its beginning.
    """
    if isinstance(value, str):
        return cut(value, MOST_CHARACTERS)
    if depth >= DEEPEST and isinstance(value, (dict, list)):
        return TOO_DEEP
    if isinstance(value, dict):
        kept = {cut(key, MOST_CHARACTERS): shortened(one, depth + 1) for key, one in value.items()}
        twice = getattr(value, "twice", None)
        return kept if twice is None else kept | {TWICE: cut(twice, MOST_CHARACTERS)}
    if isinstance(value, list):
        return [shortened(one, depth + 1) for one in value]
    return value


def cut(text: str, most: int) -> str:
    """`text`, or its first `most` characters and how many there were."""
    return text if len(text) <= most else f"{text[:most]}... ({len(text):,} characters)"
