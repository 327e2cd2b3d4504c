"""Many patterns searched as one: the same answers as each of them alone."""

import re

import crawleruseragents
import pytest

from tracking.clicks.pattern_union import PatternUnion, build_trie_pattern, split_alternatives


@pytest.mark.parametrize(
    ("patterns", "text", "expected"),
    [
        (["spider"], "a spider 8", True),
        (["spider"], "spide", False),
        (["^spider"], "a spider", False),
        (["^spider"], "spider 8", True),
        (["spi", "spider"], "spinach", True),
        (["colou?r"], "color", True),
        (["a+b"], "caab", True),
        (["ab{2}c"], "abbc", True),
        (["^java/|^ruby"], "ruby/3", True),
        (["^java/|^ruby"], "a java/3", False),
        (["x(a|b)y"], "xby", True),
        (["[a|b]c"], "|c", True),
        ([r"a\/b"], "a/b", True),
        ([r"a\.b"], "axb", False),
        ([r"\bbot\b"], "robots", False),
        ([r"bot\W"], "bot/", True),
        ([r"(?<!cu)bot"], "cubot", False),
        # Python's own module has no lookbehind of two widths, and no such range.
        ([r"(?<!cu|turn)bot"], "turnbot", False),
        ([r"(?<!cu|turn)bot"], "a bot", True),
        ([r"^[\w-.]+$"], "a-b.c", True),
        ([], "anything", False),
    ],
)
def test_union_matches_if_a_pattern_does(patterns: list[str], text: str, expected: bool) -> None:
    assert PatternUnion(patterns, ignore_case=False).matches(text) is expected
    assert PatternUnion(["zebra", *patterns], ignore_case=True).matches(text) is expected


def test_ignoring_case_changes_letters_but_no_escapes() -> None:
    union = PatternUnion([r"Bot\W[A-Z]", r"^Wget\D"], ignore_case=True)
    assert union.matches("a bot/x")
    assert union.matches("wget/")
    assert not union.matches("a botx")
    assert not union.matches("wget1")


def test_alternatives_are_split_outside_of_groups_and_classes() -> None:
    assert split_alternatives(r"a|b(c|d)|[|]\||e") == ["a", "b(c|d)", r"[|]\|", "e"]


def test_patterns_with_the_same_start_share_it() -> None:
    assert build_trie_pattern(["bot", "both", "box", r"ba\d"]) == r"b(?:o(?:t|x)|a\d)"


def test_union_agrees_with_each_pattern_of_a_list() -> None:
    patterns = [entry["pattern"] for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA][::40]
    texts = [text for entry in crawleruseragents.CRAWLER_USER_AGENTS_DATA for text in entry["instances"][:1]]
    union = PatternUnion(patterns, ignore_case=False)
    compiled = [re.compile(pattern) for pattern in patterns]
    matched = [text for text in texts if any(pattern.search(text) for pattern in compiled)]
    assert [text for text in texts if union.matches(text)] == matched
    assert matched
