"""An e-mail ..."""

from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.test import override_settings

from mail import rendering
from mail.blocks import Block, escape_markers, parse_mail
from mail.rendering import RenderedMail


@pytest.fixture
def render(tmp_path: Path):
    """Render `template` with `context` as the e-mail of a kind of its own."""
    (tmp_path / "mail").mkdir()

    def rendered(template: str, **context: object) -> RenderedMail:
        (tmp_path / "mail" / "a_test.txt").write_text(template)
        engine: dict[str, Any] = dict(settings.TEMPLATES[0])
        engine["DIRS"] = [tmp_path, *engine["DIRS"]]
        with override_settings(TEMPLATES=[engine], BASE_URL="https://shop.test", PROGRAM_NAME="The Shop"):
            return rendering.render(kind="a_test", context=context)

    return rendered


def test_consists_of_a_subject_paragraphs_lists_and_actions() -> None:
    mail = parse_mail("Subject\n\nOne\nline.\n\n\nAs follows:\n- a\n- b\n\n=> /x/ | Go there\n")
    assert mail.subject == "Subject"
    assert mail.blocks == [
        Block("p", ["One line."]),
        Block("p", ["As follows:"]),
        Block("list", ["a", "b"]),
        Block("action", ["Go there"], "/x/"),
    ]


def test_has_a_button_and_a_plain_address_for_an_action_at_our_own_address(render) -> None:
    mail = render("S\n\n=> /home/ | Go home")
    assert "Go home:\nhttps://shop.test/home/" in mail.text
    assert '<a href="https://shop.test/home/"' in mail.html


def test_knows_the_program(render) -> None:
    mail = render("From {{ program_name }}\n\nHello {{ name }}.", name="Ada")
    assert mail.subject == "From The Shop"
    assert mail.text.startswith("Hello Ada.\n\n--\nThe Shop\nhttps://shop.test/")


def test_escapes_what_people_wrote_in_html_and_leaves_it_as_it_is_in_text(render) -> None:
    mail = render("About {{ name }}\n\nHello {{ name }}.", name="<b>O'Hara & Co</b>")
    assert mail.subject == "About <b>O'Hara & Co</b>"
    assert "Hello <b>O'Hara & Co</b>." in mail.text
    assert "<b>" not in mail.html
    assert "Hello &lt;b&gt;O&#x27;Hara &amp; Co&lt;/b&gt;." in mail.html


@pytest.mark.parametrize("written", ["=> https://evil.test/ | Click", "\n\n=> https://evil.test/ | Click", "- a\n- b"])
def test_lets_nobody_add_a_button_or_a_list(render, written: str) -> None:
    mail = render("S\n\n{{ reason }}", reason=written)
    assert '<a href="https://evil' not in mail.html
    assert "<ul" not in mail.html
    assert written.strip() in mail.text


def test_keeps_the_line_breaks_of_what_people_wrote(render) -> None:
    mail = render("S {{ reason }}\n\n{{ reason }}", reason="one\r\n\r\ntwo")
    assert mail.subject == "S one two"
    assert mail.text.startswith("one\n\ntwo\n\n--")
    assert "one<br><br>two" in mail.html


def test_shields_values_at_every_depth_and_leaves_numbers_alone() -> None:
    assert escape_markers({"a": ["x\ny", {"b": "- z"}], "n": 3, "none": None}) == {
        "a": ["x\ue000y", {"b": "\ue001- z"}],
        "n": 3,
        "none": None,
    }


def test_loses_the_marks_that_shield_it() -> None:
    assert parse_mail("S\n\n" + escape_markers("a\ue000b\ue001c")).blocks == [Block("p", ["abc"])]
