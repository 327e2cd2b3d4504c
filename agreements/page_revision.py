"""Which page an affiliate was shown when they accepted, as part of the evidence (CONTRACT 2)."""

from functools import lru_cache
from pathlib import Path

from django.template.loader import get_template

from agreements.rendering import sha256

TEMPLATES = (
    *("agreements/accept.html", "agreements/languages.html", "agreements/text.html", "agreements/differences.html"),
    *("agreements/meaning.html", "forms/field.html"),
)


@lru_cache(maxsize=1)
def page_revision() -> str:
    """The SHA-256 of the templates that the page of acceptance is made of."""
    sources = [Path(str(get_template(name).origin.name)).read_text() for name in TEMPLATES]  # type: ignore[attr-defined]
    return sha256("\0".join(sources))
