"""The guide to shop connections, docs/connect-a-shop.md, as a page of the admin with its pictures and files."""

import re
from pathlib import Path

from django.conf import settings
from django.http import Http404, HttpResponse
from django.utils.safestring import SafeString, mark_safe
from django.utils.text import slugify
from markdown_it import MarkdownIt
from markdown_it.token import Token

DOCS = Path(settings.BASE_DIR, "docs")
GUIDE = DOCS / "connect-a-shop.md"
# What the guide shows, and files to copy into a shop. Links to other pages of the documentation lead nowhere here.
FILES = re.compile(r"(?:images|\.\./shops/landing/recipes|examples)/[\w-]{1,60}\.\w{1,5}", re.ASCII)


def render_guide() -> SafeString:
    """Return the guide as HTML. Raises Http404 if the installation has no documentation."""
    if not GUIDE.is_file():
        raise Http404
    markdown = MarkdownIt("commonmark", {"html": False}).enable("table")
    tokens = markdown.parse(GUIDE.read_text(encoding="utf-8"))
    for token, following in zip(tokens, [*tokens[1:], None], strict=True):
        if token.type == "heading_open" and following is not None:
            token.attrSet("id", slugify(following.content))
        _adapt_links(token.children or [])
    # The text is ours, and the renderer escapes HTML in it.
    return mark_safe(str(markdown.renderer.render(tokens, markdown.options, {})))  # nosec B308, B703 -- ours


def _adapt_links(tokens: list[Token]) -> None:
    for token in tokens:
        name = "src" if token.type == "image" else "href"
        target = str(token.attrGet(name) or "")
        if FILES.fullmatch(target):
            token.attrSet(name, f"?file={target}")
        elif token.type == "link_open" and not target.startswith(("#", "https://")):
            token.attrs.pop("href", None)


def serve_file(name: str) -> HttpResponse:
    """Return a file that the guide links to. Raises Http404 for any other."""
    path = DOCS / name
    # The pattern first: a file system refuses long names with an error of its own.
    if not FILES.fullmatch(name) or not path.is_file():
        raise Http404
    if path.suffix == ".png":
        return HttpResponse(path.read_bytes(), content_type="image/png")
    disposition = {"Content-Disposition": f'attachment; filename="{path.name}"'}
    return HttpResponse(path.read_bytes(), content_type="application/octet-stream", headers=disposition)
