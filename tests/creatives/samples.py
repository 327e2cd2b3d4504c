"""Banners and texts for tests, and the images in them."""

import io
from typing import Any

from PIL import Image

from agreements.models import Program
from creatives import library
from creatives.models import Creative
from tests.factories import NOW

TARGET = "https://shop.example/garden"


def open_shop() -> None:
    """Let links lead to shop.example."""
    program = Program.current()
    program.shop_hosts = ["shop.example"]
    program.save()


def build_image(form: str = "PNG", size: tuple[int, int] = (30, 25)) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", size, (14, 92, 76)).save(buffer, form)
    return buffer.getvalue()


def upload_banner(**fields: Any) -> Creative:
    defaults: dict[str, Any] = {
        "title": "Spring banner",
        "image": build_image(),
        "alternative_text": "Garden tools, 20 % off",
        "channel_kinds": ["website", "blog"],
        "target": TARGET,
        "now": NOW,
        "by": None,
    }
    return library.upload_banner(**defaults | fields)


def upload_text(**fields: Any) -> Creative:
    defaults: dict[str, Any] = {
        "title": "Spring text",
        "body": "Everything for the garden:\n{link}",
        "channel_kinds": ["newsletter"],
        "target": TARGET,
        "now": NOW,
        "by": None,
    }
    return library.upload_text(**defaults | fields)
