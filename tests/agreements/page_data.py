"""URLs, form data and text of pages."""

import re
from typing import Any

from django.urls import reverse

from agreements.models import AgreementVersion


def build_admin_url(name: str, *args: object) -> str:
    return reverse(f"admin:agreements_{name}", args=args)


def build_form_data(draft: AgreementVersion) -> dict[str, Any]:
    """Return what the page of a draft posts when nothing is changed."""
    posted: dict[str, Any] = {"name": draft.name}
    for field in draft._meta.fields:
        value = getattr(draft, field.name)
        if field.editable and field.name != "id":
            posted[field.name] = "" if value is None else value
    parts = {
        "rates": ("category", "name", "percent", "everything_else", "position"),
        "activities": ("code", "title", "text", "gravest_consequence", "position"),
        "clauses": ("number", "heading", "body", "rules", "position"),
    }
    for part, fields in parts.items():
        rows = list(getattr(draft, part).all())
        posted |= {f"{part}-TOTAL_FORMS": len(rows), f"{part}-INITIAL_FORMS": len(rows)}
        for index, row in enumerate(rows):
            posted |= {f"{part}-{index}-id": row.pk, f"{part}-{index}-agreement": draft.pk}
            for name in fields:
                value = getattr(row, name)
                if value is False:
                    continue
                posted[f"{part}-{index}-{name}"] = ",".join(value) if isinstance(value, list) else value
    return posted


def find_row_index(draft: AgreementVersion, part: str, **values: str) -> int:
    rows = list(getattr(draft, part).all())
    return next(i for i, row in enumerate(rows) if all(getattr(row, k) == v for k, v in values.items()))


def remove_screen_reader_text(html: str) -> str:
    """Return the page without text that only screen readers read."""
    return re.sub(r'<span class="visually-hidden">[^<]*</span>', "", html)
