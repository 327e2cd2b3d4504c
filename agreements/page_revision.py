"""Which page an affiliate was shown when they accepted, as part of the evidence (CONTRACT 2)."""

import re
from functools import lru_cache
from pathlib import Path

from django.forms.renderers import get_default_renderer
from django.template.loader import get_template

from agreements.rendering import compute_sha256

PAGE_TEMPLATE = "agreements/accept.html"
_TEMPLATE_REFERENCE = re.compile(r'{%\s*(?:include|extends)\s+"([^"]+)"')


@lru_cache(maxsize=1)
def compute_page_revision() -> str:
    """The SHA-256 of the templates that the page of acceptance is made of, in the order of their names."""
    return compute_sha256("\0".join(_read_template(name) for name in list_templates()))


def list_templates() -> list[str]:
    """The page's template, those by which its form is rendered, and all that any of them includes or extends."""
    renderer = get_default_renderer()
    waiting = [PAGE_TEMPLATE, str(renderer.form_template_name), str(renderer.field_template_name)]
    found: set[str] = set()
    while waiting:
        name = waiting.pop()
        if name not in found:
            found.add(name)
            waiting += _TEMPLATE_REFERENCE.findall(_read_template(name))
    return sorted(found)


def _read_template(name: str) -> str:
    return Path(str(get_template(name).origin.name)).read_text(encoding="utf-8")  # type: ignore[attr-defined]  # the backend's own
