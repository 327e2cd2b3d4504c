"""The revision of the page shown when an affiliate accepted, as part of the evidence (specification 2)."""

import re
from functools import lru_cache
from pathlib import Path
from typing import Any

from django.forms.renderers import get_default_renderer
from django.template.loader import get_template

from agreements.rendering import compute_sha256
from lib import components

PAGE_TEMPLATE = "agreements/accept.html"
_TEMPLATE_REFERENCE = re.compile(r'{%\s*(?:include|extends)\s+"([^"]+)"')


@lru_cache(maxsize=1)
def compute_page_revision() -> str:
    """Return the SHA-256 of the templates of the acceptance page, in the order of their names."""
    return compute_sha256("\0".join(_read_template(name) for name in list_templates()))


def list_templates() -> list[str]:
    """Return the page's template, the form's templates, and all templates that any of them includes or extends."""
    renderer = get_default_renderer()
    pending = [
        PAGE_TEMPLATE,
        components.COPY_FIELD_TEMPLATE,
        components.STATUS_TEMPLATE,
        str(renderer.form_template_name),
        str(renderer.field_template_name),
    ]
    names: set[str] = set()
    while pending:
        name = pending.pop()
        if name not in names:
            names.add(name)
            pending += _TEMPLATE_REFERENCE.findall(_read_template(name))
    return sorted(names)


def _read_template(name: str) -> str:
    template: Any = get_template(name)
    return Path(str(template.origin.name)).read_text(encoding="utf-8")
