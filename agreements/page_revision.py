"""Which page an affiliate was shown when they accepted, as part of the evidence (CONTRACT 2)."""

import re
from functools import lru_cache
from pathlib import Path

from django.forms.renderers import get_default_renderer
from django.template.loader import get_template

from agreements.rendering import sha256

PAGE = "agreements/accept.html"
_NAMED = re.compile(r'{%\s*(?:include|extends)\s+"([^"]+)"')


@lru_cache(maxsize=1)
def page_revision() -> str:
    """The SHA-256 of the templates that the page of acceptance is made of, in the order of their names."""
    return sha256("\0".join(_source(name) for name in templates()))


def templates() -> list[str]:
    """The page's template, those by which its form is rendered, and all that any of them includes or extends."""
    renderer = get_default_renderer()
    waiting = [PAGE, str(renderer.form_template_name), str(renderer.field_template_name)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _NAMED.findall(_source(name))
    return sorted(found)


def _source(name: str) -> str:
    return Path(str(get_template(name).origin.name)).read_text(encoding="utf-8")  # type: ignore[attr-defined]  # the backend's own
