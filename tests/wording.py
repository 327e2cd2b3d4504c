"""Find words that nobody outside this project would use for what they mean here: `python -m tests.wording`.

Each banned word has a plain one; both are listed below. The texts of the seed agreement are legal text and left out, and
so are quotations of it in tests, on lines that end with "# legal text". `tests/replaced_phrases.py` lists whole phrases.
"""

import re
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from tests.replaced_phrases import find_phrases

ROOT = Path(__file__).parents[1]
SUFFIXES = {".py", ".html", ".txt", ".md", ".css", ".js", ".toml", ".yaml", ".yml", ".typ", ""}
EXCLUDED = (
    "agreements/seed/",
    "tests/wording.py",
    "tests/replaced_phrases.py",
    "tests/portal/test_replaced_phrases.py",
    "LICENSE",
    "docs/images/",
    "static/vendor/",
)

# pattern: what to write instead
BANNED = {
    r"whoever|whosever": "who, anyone who",
    r"nobody's": "not credited to anyone",
    r"somebody|somebody's": "someone, or the person's role",
    r"anew": "again",
    r"told": "notified",
    r"asked(?! (?:to|for)\b)": "scheduled, queried, required",
    r"is so|are so(?= )|be it": "holds",
    r"so many": "how many, that many",
    r"by itself|by themselves": "automatically, alone",
    r"come to(?= nothing)|comes to|came to(?= \d)": "is, amounts to",
    r"stands?(?= (?:in|beside|there|above|at|on|behind|here|for|as|under)\b)": "is",
    r"mend|mends|mended|mending": "fix",
    r"room|rooms": "app, package, space",
    r"(?<!font-)(?<!type)face|faces": "view, admin, API",
    r"gate|gates": "lock",
    r"a life|lives(?= of)": "property-based simulation",
}
STORY = re.compile(r"\bstor(?:y|ies)\b(?!/)", re.IGNORECASE)
WORDS = [(re.compile(rf"\b(?:{pattern})\b", re.IGNORECASE), plain) for pattern, plain in BANNED.items()]


class Finding(NamedTuple):
    path: str
    line: int
    word: str
    plain: str


def find_words(path: str, text: str) -> list[Finding]:
    """Return the banned words in `text`, the content of the file at `path`, by line."""
    found = []
    for number, line in enumerate(text.splitlines(), 1):
        if line.endswith("# legal text"):
            continue
        found += [
            Finding(path, number, match[0], plain) for pattern, plain in WORDS for match in pattern.finditer(line)
        ]
        if "tests/stories" not in path and "stories" not in line:
            found += [Finding(path, number, match[0], "walkthrough, scenario") for match in STORY.finditer(line)]
    return found


def find_all(path: str, text: str) -> list[Finding]:
    """Return the banned words and the replaced phrases in `text`."""
    return find_words(path, text) + [Finding(path, *phrase) for phrase in find_phrases(text)]


def list_files() -> list[str]:
    listed = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, text=True,
    )  # fmt: skip
    return [
        path
        for path in listed.stdout.splitlines()
        if Path(path).suffix in SUFFIXES and not path.startswith(EXCLUDED) and "/migrations/" not in path
        if (ROOT / path).is_file()
    ]


def main() -> int:
    found = [finding for path in list_files() for finding in find_all(path, (ROOT / path).read_text())]
    for finding in found:
        print(f"{finding.path}:{finding.line}: {finding.word!r}: write {finding.plain}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
