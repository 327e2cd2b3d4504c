"""Rendering of e-mail: one template per kind, from which both text and HTML are made (specification 10)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.utils import translation

from mail import blocks
from mail.blocks import Block, Row
from mail.unsubscription import OPTIONAL_KINDS


class RenderedMail(NamedTuple):
    subject: str
    text: str
    html: str
    preheader: str


def render(*, kind: str, context: Mapping[str, Any], language: str = "") -> RenderedMail:
    """Return subject, text and HTML of the e-mail `kind` in `language`, by default that of the installation.

    The template is `mail/<kind>.txt`; `mail.blocks` describes its format.
    """
    with override_language(language):
        return _render(kind, context)


def override_language(language: str) -> translation.override:
    """Return a context manager for text in `language`, "" for that of the installation."""
    return translation.override(language or settings.LANGUAGE_CODE)


def _render(kind: str, context: Mapping[str, Any]) -> RenderedMail:
    mail = blocks.parse_mail(_fill_template(kind, context))
    mail = mail._replace(blocks=[block._replace(url=_make_absolute(block.url)) for block in mail.blocks])
    page = {"mail": mail, "is_optional": kind in OPTIONAL_KINDS, **_get_program_context()}
    text = _join_blocks(mail.blocks, footer=render_to_string("mail/layout.txt", page).strip())
    return RenderedMail(mail.subject[:300], text, render_to_string("mail/layout.html", page), mail.preheader)


def _fill_template(kind: str, context: Mapping[str, Any]) -> str:
    # The result is text; layout.html escapes it for HTML.
    values = Context(_get_program_context() | blocks.escape_markers(dict(context)), autoescape=False)
    template: Any = get_template(f"mail/{kind}.txt")
    return str(template.template.render(values))


def _get_program_context() -> dict[str, str]:
    return {
        "program_name": settings.PROGRAM_NAME,
        "base_url": settings.BASE_URL,
        "contact_email": settings.CONTACT_EMAIL,
        "contact_url": settings.CONTACT_URL,
        "imprint_url": settings.IMPRINT_URL,
        "privacy_url": settings.PRIVACY_URL,
    }


def _make_absolute(url: str) -> str:
    return settings.BASE_URL + url if url.startswith("/") else url


def _join_blocks(parts: list[Block], *, footer: str) -> str:
    return "\n\n".join([*(_format_block(part) for part in parts), "--\n" + footer]) + "\n"


def _format_block(block: Block) -> str:
    if block.kind == "list":
        return "\n".join(f"- {line}" for line in block.lines)
    if block.kind == "table":
        return "\n".join(_format_row(row, has_header=bool(block.lines)) for row in block.rows)
    if block.kind == "action":
        return f"{block.lines[0]}:\n{block.url}"
    return block.lines[0]


def _format_row(row: Row, *, has_header: bool) -> str:
    if not has_header:
        return f"- {row.label}: {', '.join(value for _column, value in row.values)}"
    values = [f"  {column}: {value}" for column, value in row.values]
    return "\n".join([f"- {row.label}", *values, *(f"  {note}" for note in row.notes)])
