"""Every text of a template is marked for translation."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, Token, TokenType

TEMPLATES = settings.BASE_DIR / "templates"
# Names and abbreviations that are the same in every language.
ALLOWED_WORDS = {"terms", "json", "SHA", "PDF", "CSV", "ZIP", "JSON", "reference", "result", "amount", "reason"}
TEXT_ATTRIBUTES = r'\b(?:aria-label|title|alt|placeholder|data-label)\s*=\s*"([^"]*)"'
# Comments, code for the browser, and text that people copy unchanged.
IGNORED = r'<!--.*?-->|<(style|script|code)\b.*?</\1>|<(\w+) class="copyable[^>]*>.*?</\2>'
MARKED = {
    "blocktranslate": "endblocktranslate",
    "blocktrans": "endblocktrans",
    "comment": "endcomment",
    # CSS classes.
    "block main_class": "endblock",
}
PLACEHOLDER = "\x00"


def find_unmarked_words(source: str) -> list[str]:
    """Return the words of a template that are not marked for translation."""
    text = "".join(_list_text(Lexer(source).tokenize()))
    attributes = " ".join(re.findall(TEXT_ATTRIBUTES, text))
    text = re.sub(IGNORED, " ", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", text) + " " + attributes
    return [word for word in re.findall(r"[^\W\d_]{2,}", re.sub(r"&\w+;", " ", text)) if word not in ALLOWED_WORDS]


def _list_text(tokens: list[Token]) -> list[str]:
    """Return the unmarked text of a template, with a placeholder for each tag and variable."""
    texts, end_tag = [], ""
    for token in tokens:
        word = token.contents if token.token_type == TokenType.BLOCK else ""
        word = word if word in MARKED else word.split(" ")[0]
        if end_tag:
            end_tag = "" if word == end_tag else end_tag
        elif word in MARKED:
            end_tag = MARKED[word]
        else:
            texts.append(token.contents if token.token_type == TokenType.TEXT else PLACEHOLDER)
    return texts


def list_pages() -> list[Path]:
    """Return the templates of pages, without the gallery of components, which only developers see."""
    return sorted(path for path in TEMPLATES.rglob("*.html") if path.parent.name != "dev_components")


@pytest.mark.parametrize("path", list_pages(), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_page_template_is_marked_for_translation(path: Path) -> None:
    assert find_unmarked_words(path.read_text()) == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.txt")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_mail_template_is_marked_for_translation(path: Path) -> None:
    assert find_unmarked_words(path.read_text()) == []


@pytest.mark.parametrize(
    ("source", "words"),
    [
        ("<p>Hello {{ name }}</p>", ["Hello"]),
        ('<p title="Hello">{% translate "Hello" %}</p>', ["Hello"]),
        (
            '<a href="{% url "x" %}" aria-label="Go">{% blocktranslate %}Hello {{ name }}{% endblocktranslate %}</a>',
            ["Go"],
        ),
        ('<p class="words {% if a %}more{% endif %}">{# Hello #}{% comment %}Hello{% endcomment %}&nbsp;·</p>', []),
        ("<style>p { color: red }</style><!-- Hello -->", []),
    ],
)
def test_unmarked_words_are_found(source: str, words: list[str]) -> None:
    assert find_unmarked_words(source) == words
