"""Forms of the admin that show what will change before it happens."""

import re
from typing import Any

from django.test import Client

_DIGEST = re.compile(r'name="checked" value="(\w+)"')


def confirm_twice(client: Client, url: str, answers: dict[str, Any], **options: Any) -> Any:
    """Fill in the form, check what the page says will change, and confirm it. Return the last response."""
    answers = answers | {"confirmed": "1"}
    page = client.post(url, answers).content.decode()
    digest = _DIGEST.search(page)
    assert digest is not None, page
    return client.post(url, answers | {"checked": digest[1]}, **options)
