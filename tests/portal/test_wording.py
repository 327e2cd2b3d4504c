"""Every word of a template ..."""

import re
from pathlib import Path

import pytest
from django.conf import settings
from django.template.base import Lexer, Token, TokenType

TEMPLATES = settings.BASE_DIR / "templates"
# Names and marks that are the same in every language.
NO_WORDS = {"terms", "json", "SHA", "PDF", "CSV", "ZIP", "JSON", "reference", "result", "amount", "reason"}
READ_ALOUD = r'\b(?:aria-label|title|alt|placeholder|data-label)\s*=\s*"([^"]*)"'
# Comments, what is for the browser, and what people type or copy as it stands.
NOT_READ = r'<!--.*?-->|<(style|script|code)\b.*?</\1>|<(\w+) class="copyable[^>]*>.*?</\2>'
MARKED = {
    "blocktranslate": "endblocktranslate",
    "blocktrans": "endblocktrans",
    "comment": "endcomment",
    # The names of a style.
    "block main_class": "endblock",
}
OTHER = "\x00"


def unmarked(source: str) -> list[str]:
    """The words that a template says itself, outside of what is marked for translation."""
    text = "".join(_said(Lexer(source).tokenize()))
    aloud = " ".join(re.findall(READ_ALOUD, text))
    text = re.sub(NOT_READ, " ", text, flags=re.DOTALL)
    text = re.sub(r"<[^>]*>", " ", text) + " " + aloud
    return [word for word in re.findall(r"[^\W\d_]{2,}", re.sub(r"&\w+;", " ", text)) if word not in NO_WORDS]


def _said(tokens: list[Token]) -> list[str]:
    """The text between the tags; each tag and variable as a mark that is no letter."""
    said, until = [], ""
    for token in tokens:
        word = token.contents if token.token_type == TokenType.BLOCK else ""
        word = word if word in MARKED else word.split(" ")[0]
        if until:
            until = "" if word == until else until
        elif word in MARKED:
            until = MARKED[word]
        else:
            said.append(token.contents if token.token_type == TokenType.TEXT else OTHER)
    return said


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.html")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_is_marked_for_translation(path: Path) -> None:
    assert unmarked(path.read_text()) == []


@pytest.mark.parametrize("path", sorted(TEMPLATES.rglob("*.txt")), ids=lambda path: str(path.relative_to(TEMPLATES)))
def test_of_a_mail_is_marked_for_translation(path: Path) -> None:
    assert unmarked(path.read_text()) == []


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
def test_is_found_where_it_is_not_marked(source: str, words: list[str]) -> None:
    assert unmarked(source) == words
