"""Which files count as plain text."""

import sys
import unicodedata

from compliance.reviews.evidence_files import detect_content_type


def test_text_with_a_control_character_is_no_plain_text_apart_from_line_and_page_ends():
    control = [char for char in map(chr, range(sys.maxunicode + 1)) if unicodedata.category(char) == "Cc"]
    plain = [char for char in control if detect_content_type(f"a{char}b".encode()) == "text/plain"]
    assert (len(control), plain) == (65, ["\t", "\n", "\x0c", "\r"])
    assert detect_content_type("\ufeffgrüße\u200e".encode()) == "text/plain"
    assert detect_content_type(b"") == ""
