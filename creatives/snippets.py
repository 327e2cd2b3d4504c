"""What affiliates paste into their channels: HTML and plain text with their own link in it (specification 10)."""

from html import escape

from django.conf import settings
from django.urls import reverse

from creatives.models import Creative

PLACEHOLDER = "{link}"
# By which search engines know a paid link.
_RELATION = "sponsored"


def build_image_url(creative: Creative) -> str:
    """Return the public address of a banner's image, which never changes."""
    return settings.BASE_URL + reverse("creatives:image", args=[creative.pk])


def build_html(creative: Creative, url: str) -> str:
    """Return the HTML of the creative with `url` as its link. What staff entered is escaped in it.

    It is a plain string, so that a page that shows it escapes it once more.
    """
    if creative.kind == Creative.Kind.BANNER:
        image = (
            f'<img src="{escape(build_image_url(creative))}" alt="{escape(creative.alternative_text)}"'
            f' width="{creative.width}" height="{creative.height}">'
        )
        return _build_anchor(url, image)
    before, _placeholder, after = creative.body.partition(PLACEHOLDER)
    text = escape(before) + _build_anchor(url, escape(url)) + escape(after)
    return text.replace("\n", "<br>\n")


def build_text(creative: Creative, url: str) -> str:
    """Return a text with `url` in it as it is, for channels without HTML."""
    return creative.body.replace(PLACEHOLDER, url)


def _build_anchor(url: str, content: str) -> str:
    return f'<a href="{escape(url)}" rel="{_RELATION}">{content}</a>'
