"""A message catalog for tests, as `compilemessages` would write it, without gettext installed."""

import struct
from collections.abc import Mapping
from pathlib import Path

HEADER = "Content-Type: text/plain; charset=UTF-8\nPlural-Forms: nplurals=2; plural=(n != 1);\n"


def write_catalog(folder: Path, language: str, messages: Mapping[str, str]) -> Path:
    """Write the catalog of `language` under `folder` and return its path."""
    pairs = sorted({"": HEADER, **messages}.items())
    keys, values = b"", b""
    table: list[tuple[int, int, int, int]] = []
    for key, value in pairs:
        table.append((len(key.encode()), len(keys), len(value.encode()), len(values)))
        keys, values = keys + key.encode() + b"\0", values + value.encode() + b"\0"
    first, size = 28, 8 * len(pairs)
    at = first + 2 * size
    header = struct.pack("<7I", 0x950412DE, 0, len(pairs), first, first + size, 0, at)
    key_table = b"".join(struct.pack("<2I", length, at + offset) for length, offset, _length, _offset in table)
    value_table = b"".join(struct.pack("<2I", length, at + len(keys) + offset) for _l, _o, length, offset in table)
    path = folder / language / "LC_MESSAGES" / "django.mo"
    path.parent.mkdir(parents=True)
    path.write_bytes(header + key_table + value_table + keys + values)
    return path
