"""Images of banners: accepted by their content, and the neutral one."""

import contextlib
import io

import pytest
from django.core.exceptions import ValidationError
from PIL import Image

from creatives import images
from tests.creatives.samples import build_image

SVG = b'<svg xmlns="http://www.w3.org/2000/svg"><script>alert(1)</script></svg>'


@pytest.mark.parametrize(
    ("form", "media_type"),
    [("PNG", "image/png"), ("JPEG", "image/jpeg"), ("WEBP", "image/webp"), ("GIF", "image/gif")],
)
def test_type_and_size_are_read_from_the_content(form, media_type):
    file = images.validate_image(build_image(form, (300, 250)))
    assert (file.media_type, file.width, file.height) == (media_type, 300, 250)


@pytest.mark.parametrize(
    "content",
    [SVG, b"<html><script>alert(1)</script></html>", b"%PDF-1.7", b"", b"\x89PNG\r\n\x1a\n", build_image("BMP")],
    ids=["svg", "html", "pdf", "empty", "signature alone", "bmp"],
)
def test_other_files_are_refused(content):
    with pytest.raises(ValidationError, match=r"PNG, JPEG, WebP or GIF|damaged"):
        images.validate_image(content)


@pytest.mark.parametrize("form", list(images.MEDIA_TYPES))
def test_damaged_image_is_refused_without_another_error(form):
    """Whatever byte is changed or end is missing."""
    content = build_image(form, (30, 25))
    for place in range(0, len(content), 3):
        for damaged in (content[:place], content[:place] + bytes([content[place] ^ 0xFF]) + content[place + 1 :]):
            with contextlib.suppress(ValidationError):
                file = images.validate_image(damaged)
                assert max(file.width, file.height) <= images.MAX_SIDE


@pytest.mark.parametrize("size", [(images.MAX_SIDE + 1, 1), (1, images.MAX_SIDE + 1)])
def test_image_with_too_many_pixels_is_refused(size):
    with pytest.raises(ValidationError, match=f"At most {images.MAX_SIDE} × {images.MAX_SIDE} are allowed"):
        images.validate_image(build_image("PNG", size))


def test_image_that_would_fill_the_memory_is_refused_before_it_is_decoded():
    bomb = images.render_neutral_image(60_000, 60_000)
    assert len(bomb) < images.MAX_BYTES
    with pytest.raises(ValidationError, match="too many pixels"):
        images.validate_image(bomb)


def test_file_that_is_too_large_is_refused():
    with pytest.raises(ValidationError, match="larger than 1024 KiB"):
        images.validate_image(build_image() + bytes(images.MAX_BYTES))


@pytest.mark.parametrize("size", [(1, 1), (300, 250), (728, 90), (7, 2000)])
def test_neutral_image_is_a_gray_png_of_the_same_size(size):
    content = images.render_neutral_image(*size)
    with Image.open(io.BytesIO(content), formats=["PNG"]) as image:
        assert image.size == size
        assert image.convert("RGB").getcolors() == [(size[0] * size[1], (0xD8, 0xDC, 0xDA))]
    assert len(content) < 1000
