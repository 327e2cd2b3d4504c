"""Rendering of e-mail."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from mail import rendering
from mail.blocks import PREHEADER_LENGTH, Block, Row, escape_markers, parse_mail
from mail.rendering import RenderedMail


@pytest.fixture
def render(tmp_path: Path):
    """Return a function that renders a template as an e-mail."""
    (tmp_path / "mail").mkdir()

    def render_template(template: str, **context: object) -> RenderedMail:
        (tmp_path / "mail" / "a_test.txt").write_text(template)
        engine: dict[str, Any] = dict(settings.TEMPLATES[0])
        engine["DIRS"] = [tmp_path, *engine["DIRS"]]
        with override_settings(TEMPLATES=[engine], BASE_URL="https://shop.test", PROGRAM_NAME="The Shop"):
            return rendering.render(kind="a_test", context=context)

    return render_template


def test_template_is_parsed_into_subject_and_blocks() -> None:
    mail = parse_mail("Subject\n\nOne\nline.\n\n\nAs follows:\n- a\n- b\n\n=> /x/ | Go there\n")
    assert mail.subject == "Subject"
    assert mail.blocks == [
        Block("p", ["One line."]),
        Block("p", ["As follows:"]),
        Block("list", ["a", "b"]),
        Block("action", ["Go there"], "/x/"),
    ]


def test_table_is_parsed_with_header_and_notes() -> None:
    mail = parse_mail(
        "S\n\n|| Term | Before | After\n| Rate | 5 % | 6 % | better\n| Window | 3 days | |\n\n| Sum | 1.00 USD"
    )
    assert mail.blocks == [
        Block(
            "table",
            ["Term", "Before", "After"],
            rows=[
                Row("Rate", [("Before", "5 %"), ("After", "6 %")], ["better"]),
                Row("Window", [("Before", "3 days"), ("After", "")], []),
            ],
        ),
        Block("table", [], rows=[Row("Sum", [("", "1.00 USD")], [])]),
    ]


def test_table_is_list_in_text_and_table_in_html(render) -> None:
    mail = render("S\n\n|| Term | Before | After\n| Rate | 5 % | 6 % | better\n\n| Sum | {{ sum }}", sum="1.00 USD")
    assert mail.text.startswith("- Rate\n  Before: 5 %\n  After: 6 %\n  better\n\n- Sum: 1.00 USD\n\n--\n")
    assert mail.html.count("<table class=") == 2
    assert "<thead>" in mail.html


def test_preheader_is_what_follows_the_greeting(render) -> None:
    long_news = "Your statement of May is ready. " * 9
    mail = render("S\n\nHello {{ name }},\n\n{{ news }}\n\n=> /x/ | Read", name="Ada", news=long_news)
    assert mail.preheader.startswith("Your statement of May is ready. Your")
    assert len(mail.preheader) == PREHEADER_LENGTH
    assert f">{mail.preheader}&zwnj;" in mail.html
    assert mail.preheader not in mail.text
    mail = render("S\n\nHello,\n\nTo do:\n\n- a\n- b\n\nBye.\n\n=> /x/ | Read")
    assert mail.preheader == "To do: a; b"


def test_action_is_link_in_text_and_button_in_html(render) -> None:
    mail = render("S\n\n=> /home/ | Go home")
    assert "Go home:\nhttps://shop.test/home/" in mail.text
    assert '<a href="https://shop.test/home/"' in mail.html


def test_program_name_and_url_are_available(render) -> None:
    mail = render("From {{ program_name }}\n\nHello {{ name }}.", name="Ada")
    assert mail.subject == "From The Shop"
    assert mail.text.startswith("Hello Ada.\n\n--\nThe Shop\nhttps://shop.test/")


def test_values_are_escaped_in_html_only(render) -> None:
    mail = render("About {{ name }}\n\nHello {{ name }}.", name="<b>O'Hara & Co</b>")
    assert mail.subject == "About <b>O'Hara & Co</b>"
    assert "Hello <b>O'Hara & Co</b>." in mail.text
    assert "<b>" not in mail.html
    assert "Hello &lt;b&gt;O&#x27;Hara &amp; Co&lt;/b&gt;." in mail.html


@pytest.mark.parametrize(
    "written",
    [
        *("=> https://evil.test/ | Click", "\n\n=> https://evil.test/ | Click", "- a\n- b", "| a | b", "a\n|| a | b"),
        "\n| a | b",
    ],
)
def test_values_cannot_add_actions_or_lists(render, written: str) -> None:
    mail = render("S\n\n{{ reason }}", reason=written)
    assert '<a href="https://evil' not in mail.html
    assert "<ul" not in mail.html
    assert "<th" not in mail.html
    assert written.strip() in mail.text


def test_line_breaks_in_values_are_kept(render) -> None:
    mail = render("S {{ reason }}\n\n{{ reason }}", reason="one\r\n\r\ntwo")
    assert mail.subject == "S one two"
    assert mail.text.startswith("one\n\ntwo\n\n--")
    assert "one<br><br>two" in mail.html


def test_markers_are_escaped_in_nested_values() -> None:
    assert escape_markers({"a": ["x\ny", {"b": "- z"}], "n": 3, "none": None}) == {
        "a": ["x\ue000y", {"b": "\ue001- z"}],
        "n": 3,
        "none": None,
    }


def test_escape_characters_are_removed_from_output() -> None:
    assert parse_mail("S\n\n" + escape_markers("a\ue000b\ue001c\ue002d | e")).blocks == [Block("p", ["abcd | e"])]
