"""Making an e-mail of a row of the outbox: one template a kind, from which text and HTML are both made (CONTRACT 10)."""

from collections.abc import Mapping
from typing import Any, NamedTuple

from django.conf import settings
from django.template import Context
from django.template.loader import get_template, render_to_string
from django.utils import translation

from mail import blocks
from mail.blocks import Block


class RenderedMail(NamedTuple):
    subject: str
    text: str
    html: str


def render(*, kind: str, context: Mapping[str, Any], language: str = "") -> RenderedMail:
    """Subject, text and HTML of the e-mail `kind`: `templates/mail/<kind>.txt`, whose form `mail.blocks` describes.

    In `language`, else in the installation's own, whatever the language of who asks for it.
    """
    with translation.override(language or settings.LANGUAGE_CODE):
        return _render(kind, context)


def _render(kind: str, context: Mapping[str, Any]) -> RenderedMail:
    mail = blocks.parse_mail(_fill_template(kind, context))
    mail = mail._replace(blocks=[block._replace(url=_make_absolute(block.url)) for block in mail.blocks])
    page = {"mail": mail, **_get_program_context()}
    text = _join_blocks(mail.blocks, footer=render_to_string("mail/layout.txt", page).strip())
    return RenderedMail(mail.subject[:300], text, render_to_string("mail/layout.html", page))


def _fill_template(kind: str, context: Mapping[str, Any]) -> str:
    # Not escaped: what comes out is text, which layout.html escapes when it is put into HTML.
    values = Context(_get_program_context() | blocks.escape_markers(dict(context)), autoescape=False)
    template = get_template(f"mail/{kind}.txt")
    return str(template.template.render(values))  # type: ignore[attr-defined]  # the backend's own template


def _get_program_context() -> dict[str, str]:
    return {"program_name": settings.PROGRAM_NAME, "base_url": settings.BASE_URL}


def _make_absolute(url: str) -> str:
    return settings.BASE_URL + url if url.startswith("/") else url


def _join_blocks(parts: list[Block], *, footer: str) -> str:
    return "\n\n".join([*(_format_block(part) for part in parts), "--\n" + footer]) + "\n"


def _format_block(block: Block) -> str:
    if block.kind == "list":
        return "\n".join(f"- {line}" for line in block.lines)
    if block.kind == "action":
        return f"{block.lines[0]}:\n{block.url}"
    return block.lines[0]
