"""No page, e-mail or message has a phrase that was replaced by plainer words."""

import pytest

from tests import wording
from tests.replaced_phrases import find_phrases


def test_no_source_has_a_replaced_phrase():
    found = [
        (path, *phrase) for path in wording.list_files() for phrase in find_phrases((wording.ROOT / path).read_text())
    ]
    assert found == []


@pytest.mark.parametrize(
    ("text", "phrases"),
    [
        ("<p>Match the\n  columns anew.</p>", [(1, "Match the columns anew")]),
        ('label = _("May")', [(1, "May")]),
        ('\n<th>{% translate "Split by" %}</th>', [(2, "Split by")]),
        ("<button>Take back</button>", [(1, "Take back")]),
        ("<b>{% blocktranslate %}Settled:{% endblocktranslate %}</b>", [(1, "Settled")]),
        ("In May, staff may settle it. Settled orders stay.", []),
        ('def make(made: str) -> "Made": ...', []),
    ],
)
def test_phrases_are_found_wherever_and_labels_only_alone(text, phrases):
    assert [(line, phrase) for line, phrase, _plain in find_phrases(text)] == phrases
